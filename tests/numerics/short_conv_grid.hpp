#pragma once
// The grid of problems of the short convolution, its search spaces, and sequences in pieces.

#include "tests/numerics/grid.hpp"

namespace chela::tests {

std::vector<Case> short_conv_grid(GridSize);

/// Small problems whose search spaces are run (run_space).
std::vector<ShortConv> short_conv_spaces();

/// A sequence in launches over its pieces, each with the state that the one before left, against its
/// definition over the whole: the larger of the relative differences of the outputs and of the state at the
/// end.
std::vector<std::pair<ShortConv, std::vector<int>>> short_conv_splits();
double split_difference(Session&, ShortConv problem, const std::vector<int>& pieces);

} // namespace chela::tests
