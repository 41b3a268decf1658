#pragma once
// The short convolution of neighbouring tokens of a channel.

#include "short_conv/taps.cuh"

namespace chela {

/// act(short convolution) of `count` tokens; input(i) is x, i tokens after the oldest that the first of them
/// is made of.
template <class Config, int count, class Input>
CHELA_DEVICE void short_run(float (&value)[count], const Taps<Config>& taps, const Input& input) {
#pragma unroll
    for (int i = 0; i < count; ++i) value[i] = taps.bias;
#pragma unroll
    for (int w = 0; w < Config::width; ++w)
#pragma unroll
        for (int i = 0; i < count; ++i) value[i] = fused_multiply_add(input(i + w), taps.weight[w], value[i]);
#pragma unroll
    for (int i = 0; i < count; ++i) value[i] = activation(value[i]);
}

} // namespace chela
