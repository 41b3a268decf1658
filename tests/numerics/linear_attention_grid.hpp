#pragma once
// The grid of problems of linear attention, and sequences in pieces.

#include "tests/numerics/grid.hpp"

namespace chela::tests {

std::vector<Case> linear_attention_grid(GridSize);
/// The same for decay, feature maps, the normaliser and packed sequences.
std::vector<Case> linear_attention_traits_grid(GridSize);

/// A sequence computed in two pieces with the state (and normaliser) carried over, against the whole:
/// relative difference of the outputs.
double split_difference(Session&, const LinearAttention&, int first_length);

} // namespace chela::tests
