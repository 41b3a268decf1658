#pragma once
// A short convolution as a C++ caller writes it down.

#include "codegen/problem.hpp"
#include "templates/short_conv/family.hpp"

namespace chela {

/// Tensors: x, y [batch, length, channels] in `dtype`; weight [channels, width] in `weight_dtype`. Layout
/// channels_first: x, y [batch, channels, length]. Traits bring more of them:
///     bias               bias [channels] in `weight_dtype`
///     residual tensor    residual, as y, in `dtype`
///     state carried      initial_state and final_state [batch, channels, width - 1] in `dtype`, the oldest
///                        input first, both optional: the inputs before the first token, zero if not set, and
///                        those that the tokens after the last one will need. Both may be the same memory.
///     state in_place     state, the same, read and written: the step of a decoder
///     indexed            state_index int32 [batch]: sequence b has state number state_index[b] of [pool, …],
///                        no two the same; one that is not in the pool, such as -1, means no state, and its y
///                        is 0
///     packed             cu_seqlens int32 [batch + 1]: sequence b is the tokens cu_seqlens[b] to
///                        cu_seqlens[b + 1] of x and y, which are [1, length, channels]
struct ShortConv {
    int width = 4; ///< taps, 2 to 32
    bool causal = true;
    Activation activation = Activation::none;
    bool bias = false;
    Residual residual = Residual::none;
    ConvState state = ConvState::none;
    bool indexed = false;
    bool packed = false;
    ConvLayout layout = ConvLayout::channels_last;
    DType dtype = DType::bf16;
    DType weight_dtype = DType::fp32; ///< of weight and bias
    int alignment =
        0; ///< bytes that every row of x, y and residual starts at a multiple of; 0: as contiguous ones
    int batch = 1;
    int length = 1024; ///< of a sequence; where they are packed, of all sequences
    int channels = 1024;
    int pool = 1; ///< states of the pool, where they are indexed

    /// Throws UserError naming the member that is out of range or contradicts another.
    operator Problem() const; // NOLINT(google-explicit-constructor): a description is its problem
};

} // namespace chela
