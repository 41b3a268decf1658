#pragma once
// A few new tokens on the CPU, the state updated in place: a vector of channels takes the tokens of a
// sequence, one after the other, past a window of its last inputs.

#include "prelude/cpu/partial.h"
#include "short_conv/activation.cpu.h"
#include "short_conv/sequence.cpu.h"

namespace chela {

/// Channels of x, y or residual that are computed together, at each token.
template <class Element>
struct Lane {
    Element* first;
    long long token_distance, channel_distance;
    CHELA_INLINE Vector load(int token, int count) const {
        return gather(first + token * token_distance, channel_distance, count);
    }
    CHELA_INLINE void store(int token, int count, Vector value) const {
        scatter(first + token * token_distance, channel_distance, count, value);
    }
};
template <class Element>
CHELA_INLINE Lane<Element> lane_of(Element* tensor, const long long (&stride)[2], const Sequence& sequence,
                                   int channel) {
    //@if layout == channels_last
    return {channel_of(tensor, stride, sequence, channel), stride[1], 1};
    //@else
    return {channel_of(tensor, stride, sequence, channel), 1, stride[1]};
    //@end
}

template <class Config, class Arguments>
void short_conv_step_body(const Arguments& arguments, long long block, void*) {
    constexpr int kept = Config::width - 1;
    const int blocks = (arguments.channels + Config::block_channels - 1) / Config::block_channels;
    const int first = int(block % blocks) * Config::block_channels,
              end = arguments.channels - first < Config::block_channels ? arguments.channels
                                                                        : first + Config::block_channels;
    const Sequence sequence = sequence_number(arguments, int(block / blocks));
    //@if indexed
    const int slot = arguments.state_index[sequence.index];
    const bool has_slot = slot >= 0 && slot < arguments.pool;
    //@else
    const int slot = sequence.index;
    //@end
    for (int channel = first; channel < end; channel += lanes) {
        const int count = end - channel < lanes ? end - channel : lanes;
        const auto x = lane_of(arguments.x, arguments.x_stride, sequence, channel);
        const auto y = lane_of(arguments.y, arguments.y_stride, sequence, channel);
        //@if residual == tensor
        const auto residual = lane_of(arguments.residual, arguments.residual_stride, sequence, channel);
        //@end
        //@if indexed
        if (!has_slot) {
            for (int token = sequence.begin; token < sequence.end; ++token)
                y.store(token, count, broadcast(0.0f));
            continue;
        }
        //@end
        const long long distance = arguments.state_stride[1];
        auto* const state = arguments.state + slot * arguments.state_stride[0] + channel * distance;
        Vector window[Config::width], weight[Config::width];
        for (int i = 0; i < kept; ++i) window[i] = gather(state + i, distance, count);
        for (int w = 0; w < Config::width; ++w)
            weight[w] = gather(arguments.weight + channel * arguments.weight_stride[0] + w,
                               arguments.weight_stride[0], count);
        for (int token = sequence.begin; token < sequence.end; ++token) {
            window[kept] = x.load(token, count);
            //@if bias
            Vector sum = load_first(arguments.bias + channel, count);
            //@else
            Vector sum = broadcast(0.0f);
            //@end
            for (int w = 0; w < Config::width; ++w) sum += window[w] * weight[w];
            sum = activation(sum);
            //@if residual == input
            sum += window[kept];
            //@elif residual == tensor
            sum += residual.load(token, count);
            //@end
            y.store(token, count, sum);
            for (int i = 0; i < kept; ++i) window[i] = window[i + 1];
        }
        for (int i = 0; i < kept; ++i) scatter(state + i, distance, count, window[i]);
    }
}

} // namespace chela
