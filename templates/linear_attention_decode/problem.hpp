#pragma once
// The decode step of linear attention as a C++ caller writes it down.

#include "codegen/problem.hpp"
#include "templates/linear_attention_decode/family.hpp"

namespace chela {

/// Tensors: q, k [batch, tokens, heads, head_dim], v, o [batch, tokens, heads, value_dim] in `dtype`;
/// state [batch, heads, head_dim, value_dim] in `state_dtype`, read and written. Scalar: scale, head_dim^-1/2
/// if not set. Traits bring more of them, fp32 unless said otherwise:
///     decay per_head   decay [heads], at least 0
///     decay scalar     gate [batch, tokens, heads], at most 0
///     normalize        normalizer [batch, heads, head_dim], read and written; scalar epsilon, 1e-6 if not
///     set indexed          state_index int32 [batch]: sequence b has state (and normalizer) number
///     state_index[b]
///                      of [pool, …], no two the same; one that is not in the pool, such as -1, means no
///                      state, and its o is 0
struct LinearAttentionDecode {
    int head_dim = 64;
    int value_dim = 0; ///< 0: head_dim
    DType dtype = DType::bf16;
    DType state_dtype = DType::fp32; ///< fp32 or bf16
    int alignment =
        0; ///< bytes that every row of the state starts at a multiple of; 0: as a contiguous state
    Decay decay = Decay::none;
    FeatureMap feature_map = FeatureMap::identity;
    bool normalize = false;
    bool indexed = false;
    int batch = 1;
    int tokens = 1; ///< new tokens of each sequence, 1 to 16
    int heads = 1;
    int pool = 1; ///< states of the pool, where they are indexed

    /// Throws UserError naming the member that is out of range.
    operator Problem() const; // NOLINT(google-explicit-constructor): a description is its problem
};

} // namespace chela
