#pragma once
// What families have in common whose states lie in a pool: `pool` of them, and for each of `batch` sequences
// which one is its own in state_index, int32 [batch]; one outside of the pool: none.

#include "codegen/family.hpp"

namespace chela {

/// Entry number `index` of state_index in a verification: slots from the last on, some of them skipped. No
/// slot comes twice, some sequences have none, and none has that of its own number but by chance.
Family::TestValue slot_test_values(const Problem&);

/// The problem with a pool of those states alone that the sequences have.
Problem with_used_states(const Problem&);

} // namespace chela
