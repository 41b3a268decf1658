#pragma once
// The grid of problems of the decode step, and sequences in steps.

#include "tests/numerics/grid.hpp"

namespace chela::tests {

std::vector<Case> linear_attention_decode_grid(GridSize);

/// A sequence of linear_attention in steps of the given numbers of tokens, against its definition over the
/// whole sequence: the larger of the relative differences of the outputs and of the state left behind.
double chained_difference(Session&, const LinearAttentionDecode&, const std::vector<int>& steps);

} // namespace chela::tests
