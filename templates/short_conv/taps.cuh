#pragma once
// The short kernel of a channel in registers.

#include "short_conv/activation.cuh"

namespace chela {

/// Taps and bias of one channel, times taps_scale().
template <class Config>
struct Taps {
    float weight[Config::width], bias = 0.0f;

    template <class Arguments>
    CHELA_DEVICE Taps(const Arguments& arguments, int channel) {
#pragma unroll
        for (int w = 0; w < Config::width; ++w)
            weight[w] = taps_scale() * to_float(arguments.weight[channel * arguments.weight_stride[0] + w]);
        //@if bias
        bias = taps_scale() * to_float(arguments.bias[channel]);
        //@end
    }
};

} // namespace chela
