#pragma once
// A short-long convolution as a C++ caller writes it down.

#include "codegen/problem.hpp"
#include "templates/short_long_conv/family.hpp"

namespace chela {

/// Tensors: x, y [batch, length, channels] in `dtype`, or [batch, channels, length] in the layout
/// channels_first; weight fp32 [channels, width], whose entry w is for the input width - 1 - w tokens before;
/// kernel fp32 [channels, kernel_length], whose entry m is for that m tokens before. Traits bring more of
/// them:
///     bias               bias fp32 [channels], of the short convolution (sequential)
///     skip               skip fp32 [channels]: adds skip[c] times what the long convolution is of
struct ShortLongConv {
    Arrangement arrangement = Arrangement::sequential;
    int width = 4; ///< taps of the short kernel, 2 to 32
    Activation activation = Activation::silu;
    bool bias = false;
    bool skip = false;
    ConvLayout layout = ConvLayout::channels_last;
    DType dtype = DType::bf16;
    int alignment = 0; ///< bytes that every row of x and y starts at a multiple of; 0: as contiguous ones
    int batch = 1;
    int length = 1024;        ///< tokens of a sequence
    int kernel_length = 1024; ///< entries of a long kernel, 32 at least
    int channels = 1024;

    /// Throws UserError naming the member that is out of range or contradicts another.
    operator Problem() const; // NOLINT(google-explicit-constructor): a description is its problem
};

} // namespace chela
