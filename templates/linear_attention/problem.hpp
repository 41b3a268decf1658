#pragma once
// Linear attention as a C++ caller writes it down.

#include "codegen/problem.hpp"
#include "templates/linear_attention/family.hpp"

namespace chela {

/// Tensors: q, k [batch, length, heads, head_dim], v, o [batch, length, heads, value_dim] in `dtype`;
/// initial_state and final_state [batch, heads, head_dim, value_dim] in fp32, both optional. Scalar: scale,
/// head_dim^-1/2 if not set.
struct LinearAttention {
    int head_dim = 64;
    int value_dim = 0; ///< 0: head_dim
    bool causal = true;
    DType dtype = DType::bf16;
    Math math = Math::ieee;
    int alignment = 0; ///< bytes that every row starts at a multiple of; 0: as contiguous tensors
    int batch = 1;
    int length = 1024;
    int heads = 1;

    /// Throws UserError naming the member that is out of range.
    operator Problem() const; // NOLINT(google-explicit-constructor): a description is its problem
};

} // namespace chela
