#pragma once
// The state after each sequence, its last kernel_length - 1 inputs, on the CPU: upwards, so that the state
// before, which is read further up, may be in the same memory.

#include "long_conv/history.cpu.h"

namespace chela {

template <class Config, class Arguments>
void long_conv_final_state_body(const Arguments& arguments, long long block, void*) {
    using Element = typename Config::Element;
    if (!arguments.final_state) return;
    const int blocks = (arguments.channels + Config::state_channels - 1) / Config::state_channels;
    const int batch = int(block / blocks), first = int(block % blocks) * Config::state_channels;
    const int kept = arguments.kernel_length - 1;
    const auto* const x = arguments.x + batch * arguments.x_stride[0];
    auto* const state = arguments.final_state + batch * arguments.final_state_stride[0];
    for (int slot = 0; slot < kept; ++slot)
        for (int channel = first; channel < first + Config::state_channels && channel < arguments.channels;
             ++channel) {
            const int token = arguments.length - kept + slot;
            //@if layout == channels_last
            state[slot * arguments.final_state_stride[1] + channel] =
                token < 0 ? history<Element>(arguments, batch, channel, token)
                          : x[token * arguments.x_stride[1] + channel];
            //@else
            state[channel * arguments.final_state_stride[1] + slot] =
                token < 0 ? history<Element>(arguments, batch, channel, token)
                          : x[channel * arguments.x_stride[1] + token];
            //@end
        }
}

} // namespace chela
