#pragma once
// A sequence in pieces, each with the state that the one before left, compared with the definition over the
// whole of it.

#include "tests/numerics/grid.hpp"

namespace chela::tests {

/// The larger of the relative differences of the outputs and of the state at the end. `whole` has the length
/// of all pieces and carries states; `problem` is what is launched: the same, or with its state in place.
double split_difference(Session&, const Problem& problem, const Problem& whole,
                        const std::vector<int>& pieces);

} // namespace chela::tests
