#pragma once
// Linear attention as a C++ caller writes it down.

#include "codegen/problem.hpp"
#include "templates/linear_attention/family.hpp"

namespace chela {

/// Tensors: q, k [batch, length, heads, head_dim], v, o [batch, length, heads, value_dim] in `dtype`;
/// initial_state and final_state [batch, heads, head_dim, value_dim] in fp32, both optional. Scalar: scale,
/// head_dim^-1/2 if not set. Traits bring more of them, all fp32 unless said otherwise:
///     decay per_head   decay [heads], at least 0
///     decay scalar     gate [batch, length, heads], at most 0
///     normalize        initial_normalizer, final_normalizer [batch, heads, head_dim], both optional; scalar
///                      epsilon, 1e-6 if not set
///     packed           cu_seqlens int32 [batch + 1]: sequence b is the tokens cu_seqlens[b] to
///                      cu_seqlens[b + 1]; `length` counts the tokens of all of them, and q, k, v, o and gate
///                      are [1, length, ...]
struct LinearAttention {
    int head_dim = 64;
    int value_dim = 0; ///< 0: head_dim
    bool causal = true;
    DType dtype = DType::bf16;
    Math math = Math::ieee;
    int alignment = 0; ///< bytes that every row starts at a multiple of; 0: as contiguous tensors
    Decay decay = Decay::none;
    FeatureMap feature_map = FeatureMap::identity;
    bool normalize = false;
    bool packed = false;
    int batch = 1;
    int length = 1024;
    int heads = 1;

    /// Throws UserError naming the member that is out of range.
    operator Problem() const; // NOLINT(google-explicit-constructor): a description is its problem
};

} // namespace chela
