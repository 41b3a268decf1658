#pragma once
// The state after each sequence, its last width - 1 inputs, on the CPU.

#include "short_conv/sequence.cpu.h"

namespace chela {

template <class Config, class Arguments>
void short_conv_final_state_body(const Arguments& arguments, long long block, void*) {
    if (!arguments.final_state) return;
    const int blocks = (arguments.channels + Config::state_channels - 1) / Config::state_channels;
    const int first = int(block % blocks) * Config::state_channels;
    const Sequence sequence = sequence_number(arguments, int(block / blocks));
    for (int channel = first; channel < first + Config::state_channels && channel < arguments.channels;
         ++channel) {
        typename Config::Element last[Config::width - 1]; // all read before any is written
        for (int i = 0; i < Config::width - 1; ++i)
            last[i] = input_at<Config>(arguments, sequence, channel, sequence.end - (Config::width - 1) + i);
        auto* const state = arguments.final_state + sequence.index * arguments.final_state_stride[0] +
                            channel * arguments.final_state_stride[1];
        for (int i = 0; i < Config::width - 1; ++i) state[i] = last[i];
    }
}

} // namespace chela
