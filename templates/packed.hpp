#pragma once
// What families of packed sequences have in common: `batch` sequences one after the other in `length` tokens,
// their offsets in cu_seqlens, int32 [batch + 1].

#include "codegen/family.hpp"

namespace chela {

/// Offset number `index` of a verification: about equal lengths, and some sequences are empty.
Family::TestValue offset_test_values(const Problem&);

/// Throws UserError where the offsets do not begin at 0, decrease, or do not end at the length.
void check_offsets(const Problem&, const TensorSpec&, std::span<const double> values);

} // namespace chela
