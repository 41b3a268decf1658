#pragma once
// The grid of problems of the short-long convolution, and both arrangements made of launches of their parts.

#include "tests/numerics/grid.hpp"

namespace chela::tests {

std::vector<Case> short_long_conv_grid(GridSize);

/// Small problems whose search spaces are run, every `step`-th configuration, and why each that is wrong is.
std::vector<ShortLongConv> short_long_conv_spaces();
std::vector<std::string> run_space(Session&, const ShortLongConv&, std::size_t step = 1);

/// The parallel arrangement against long_conv with the kernel of merge_kernels(), without an activation: the
/// largest difference, in fp32.
double merge_difference(Session&);

} // namespace chela::tests
