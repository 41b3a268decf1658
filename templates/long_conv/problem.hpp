#pragma once
// A long convolution as a C++ caller writes it down.

#include "codegen/problem.hpp"
#include "templates/long_conv/family.hpp"

namespace chela {

/// Tensors: x, y [batch, length, channels] in `dtype`, or [batch, channels, length] in the layout
/// channels_first; kernel fp32 [channels, kernel_length], whose entry m is for the input m tokens before.
/// Traits bring more of them:
///     bidirectional      kernel_backward fp32 [channels, kernel_length], whose entry m is for the input m
///                        tokens after; entry 0 is not used, because the token itself is the kernel's
///     state carried      initial_state and final_state in `dtype`, [batch, kernel_length - 1, channels] or,
///     in
///                        the layout channels_first, [batch, channels, kernel_length - 1], the oldest input
///                        first, both optional: the inputs before the first token, zero if not set, and those
///                        that the tokens after the last one will need. Both may be the same memory: a
///                        decoder launches with length 1, again and again.
///     skip               skip fp32 [channels]: adds skip[c] times x
struct LongConv {
    bool bidirectional = false;
    bool skip = false;
    ConvState state = ConvState::none; ///< or carried
    ConvLayout layout = ConvLayout::channels_last;
    DType dtype = DType::bf16;
    int alignment = 0; ///< bytes that every row of x and y starts at a multiple of; 0: as contiguous ones
    int reach = 0;     ///< most inputs that an output is made of, a power of two; 0: that of these extents
    int batch = 1;
    int length = 1024;        ///< tokens of a sequence
    int kernel_length = 1024; ///< entries of a kernel; those that reach beyond the sequence meet zeros
    int channels = 1024;

    /// Throws UserError naming the member that is out of range.
    operator Problem() const; // NOLINT(google-explicit-constructor): a description is its problem
};

} // namespace chela
