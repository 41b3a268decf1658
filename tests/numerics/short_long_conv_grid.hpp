#pragma once
// The grid of problems of the short-long convolution, and both arrangements made of launches of their parts.

#include "tests/numerics/grid.hpp"

namespace chela::tests {

std::vector<Case> short_long_conv_grid(GridSize);

/// Runs the algorithms by Fourier transforms, by name, the short convolution in their launches and before,
/// and with merged kernels. Returns what is wrong with each, or nothing.
std::vector<std::string> run_short_transforms(Session&, GridSize);

/// Small problems whose search spaces are run (run_space).
std::vector<ShortLongConv> short_long_conv_spaces();

/// The parallel arrangement against long_conv with the kernel of merge_kernels(), without an activation: the
/// largest difference, in fp32.
double merge_difference(Session&);

} // namespace chela::tests
