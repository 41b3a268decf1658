#pragma once
// merge.cuh for the CPU: a channel in each block.

#include "prelude/cpu/elements.h"

namespace chela {

template <class Config, class Arguments>
void short_long_conv_merge_body(const Arguments& arguments, long long channel, void*) {
    const float* const kernel = arguments.kernel + channel * arguments.kernel_stride[0];
    const float* const weight = arguments.weight + channel * arguments.weight_stride[0];
    float* const merged = static_cast<float*>(arguments.prepared) + channel * arguments.kernel_length;
    for (int lag = 0; lag < arguments.kernel_length; ++lag)
        merged[lag] = kernel[lag] + (lag < Config::width ? weight[Config::width - 1 - lag] : 0.0f);
}

} // namespace chela
