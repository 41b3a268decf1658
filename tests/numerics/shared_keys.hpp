#pragma once
// One head of keys and values for all heads of queries: k and v with a stride of 0.

#include "tests/numerics/grid.hpp"

namespace chela::tests {

/// rms(o - reference) / rms(reference), the reference of keys and values repeated for each head.
double shared_keys_difference(Session&, const Problem&);

} // namespace chela::tests
