#pragma once
// The state after each sequence, its last kernel_length - 1 inputs: a block for a few channels of a sequence.
// It goes upwards, and reads a piece before it writes it: what it reads lies above, or in x, so that the
// state before may be in the same memory.

#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

#include "long_conv/history.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_final_state_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int together = 8, slots = Config::state_threads / Config::state_channels;
    if (!arguments.final_state) return;
    const uint32 block = static_cast<uint32>(block_index()),
                 blocks = (arguments.channels + Config::state_channels - 1u) / Config::state_channels;
    const int batch = static_cast<int>(block / blocks),
              channel = static_cast<int>(block % blocks) * Config::state_channels +
                        thread_index() % Config::state_channels;
    const int kept = arguments.kernel_length - 1, own = thread_index() / Config::state_channels;
    const auto* const x = arguments.x + batch * arguments.x_stride[0];
    auto* const state = arguments.final_state + batch * arguments.final_state_stride[0];
    for (int first = 0; first < kept; first += together * slots) {
        Element piece[together];
#pragma unroll
        for (int i = 0; i < together; ++i) {
            const int slot = first + i * slots + own, token = arguments.length - kept + slot;
            if (channel >= arguments.channels || slot >= kept) continue;
            if (token < 0)
                piece[i] = history<Element>(arguments, batch, channel, token);
            else
                //@if layout == channels_last
                piece[i] = x[token * arguments.x_stride[1] + channel];
            //@else
            piece[i] = x[channel * arguments.x_stride[1] + token];
            //@end
        }
        sync_threads();
#pragma unroll
        for (int i = 0; i < together; ++i) {
            const int slot = first + i * slots + own;
            if (channel >= arguments.channels || slot >= kept) continue;
            //@if layout == channels_last
            state[slot * arguments.final_state_stride[1] + channel] = piece[i];
            //@else
            state[channel * arguments.final_state_stride[1] + slot] = piece[i];
            //@end
        }
        sync_threads();
    }
}

} // namespace chela
