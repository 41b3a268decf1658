#pragma once
// The state after each sequence, its last width - 1 inputs: one thread for a channel of a sequence.

#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"
#include "short_conv/sequence.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void short_conv_final_state_body(const Arguments& arguments) {
    const uint32 block = static_cast<uint32>(block_index()),
                 blocks = (arguments.channels + Config::state_channels - 1u) / Config::state_channels;
    const int channel = static_cast<int>(block % blocks) * Config::state_channels + thread_index();
    if (!arguments.final_state || channel >= arguments.channels) return;
    const Sequence sequence = sequence_number(arguments, static_cast<int>(block / blocks));
    typename Config::Element last[Config::width - 1]; // all read before any is written
#pragma unroll
    for (int i = 0; i < Config::width - 1; ++i)
        last[i] = input_at<Config>(arguments, sequence, channel, sequence.end - (Config::width - 1) + i);
    auto* const state = arguments.final_state + sequence.index * arguments.final_state_stride[0] +
                        channel * arguments.final_state_stride[1];
#pragma unroll
    for (int i = 0; i < Config::width - 1; ++i) state[i] = last[i];
}

} // namespace chela
