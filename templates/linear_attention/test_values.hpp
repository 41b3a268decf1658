#pragma once
// What a verification puts into the inputs that linear attention and its decode step have in common.

#include "codegen/family.hpp"

namespace chela {

/// Rates from 1/4 to 1/256, as RetNet's.
Family::TestValue decay_test_values();

/// Elements of q, k, v and states. Where `normalizer`, the tensor of that name, could vanish, the result
/// would be as ill conditioned as the division by it: what it is made of is positive then.
Family::TestValue element_test_values(const Problem&, const TensorSpec&, std::string_view normalizer,
                                      double scale);

} // namespace chela
