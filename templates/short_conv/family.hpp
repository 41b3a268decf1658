#pragma once
// Short convolution, depthwise, forward (see reference.h for the definition).

#include "templates/conv_layout.hpp"

namespace chela {

const Family& short_conv_family();

class ShortConvAlgorithm; // templates/short_conv/plan.hpp

/// The algorithms of the family.
const ShortConvAlgorithm& short_conv_sliding_window(); ///< CUDA cores, [batch, length, channels]
const ShortConvAlgorithm& short_conv_row_vectors();    ///< CUDA cores, [batch, channels, length]
const ShortConvAlgorithm& short_conv_step();           ///< CUDA cores, the state updated in place
const ShortConvAlgorithm&
short_conv_cpu_vectors(); ///< the CPU, both layouts, with and without a state in place

// What the choices of the same names mean.
enum class Activation { none, silu };
enum class Residual { none, input, tensor };
enum class ConvState { none, carried, in_place };

ConvState conv_state(const Values& traits);

/// Taps of a convolution of `width` before the token that they are for; the others are at it and after it.
constexpr std::int64_t conv_history(std::int64_t width, bool causal) {
    return causal ? width - 1 : (width - 1) / 2;
}

} // namespace chela
