#pragma once
// The trait `reach` of a family whose outputs are sums over many inputs: at most how many, a power of two,
// which a Fourier transform has to hold.

#include "codegen/schema.hpp"

namespace chela {

Field reach_field();

/// Sets the reach where it was left out to that of outputs made of `inputs` inputs. Throws UserError where it
/// is no power of two.
void set_reach(Values& traits, std::int64_t inputs);

} // namespace chela
