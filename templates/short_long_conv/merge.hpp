#pragma once
// Structural re-parameterisation: a long and a short kernel as one.

#include <cstddef>
#include <span>
#include <vector>

namespace chela {

/// The kernel [channels, kernel_length] of one convolution that is the sum of the long one by `kernel`, as
/// large, and of the causal short one by `weight` [channels, width] (entry w is for the input width - 1 - w
/// tokens before): long[m] + short[width - 1 - m], rounded once. Throws UserError where the sizes do not fit,
/// or the long kernel is shorter than the short one.
std::vector<float> merge_kernels(std::span<const float> kernel, std::span<const float> weight,
                                 std::size_t channels, std::size_t kernel_length, std::size_t width);

} // namespace chela
