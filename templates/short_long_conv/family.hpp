#pragma once
// Short-long convolution, forward (see reference.h for the definition).

#include "codegen/family.hpp"
#include "templates/short_conv/family.hpp" // Activation, ConvLayout

namespace chela {

const Family& short_long_conv_family();

// What the choices of the same names mean.
enum class Arrangement { sequential, parallel };

Arrangement arrangement(const Values& traits);

/// The algorithms of the long convolution, each with the short one beside it.
std::span<const Algorithm* const> short_long_conv_algorithms();

} // namespace chela
