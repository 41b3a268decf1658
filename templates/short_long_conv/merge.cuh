#pragma once
// The merged kernel of the parallel arrangement: the long one, and the short one's taps at its beginning.

#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void short_long_conv_merge_body(const Arguments& arguments) {
    const int blocks = (arguments.kernel_length + Config::merge_threads - 1) / Config::merge_threads;
    const int channel = static_cast<int>(block_index() / blocks),
              lag = static_cast<int>(block_index() % blocks) * Config::merge_threads + thread_index();
    if (lag >= arguments.kernel_length) return;
    float value = arguments.kernel[channel * arguments.kernel_stride[0] + lag];
    if (lag < Config::width)
        value += arguments.weight[channel * arguments.weight_stride[0] + Config::width - 1 - lag];
    static_cast<float*>(arguments.prepared)[static_cast<long long>(channel) * arguments.kernel_length + lag] =
        value;
}

} // namespace chela
