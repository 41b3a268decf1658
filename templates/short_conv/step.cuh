#pragma once
// A few new tokens, the state updated in place: one thread takes the tokens of one channel of one sequence,
// one after the other, past a window of its last inputs.

#include "prelude/cuda/thread.cuh"
#include "short_conv/activation.cuh"
#include "short_conv/sequence.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void short_conv_step_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int kept = Config::width - 1;
    const uint32 block = static_cast<uint32>(block_index()),
                 blocks = (arguments.channels + Config::threads - 1u) / Config::threads;
    const int channel = static_cast<int>(block % blocks) * Config::threads + thread_index();
    if (channel >= arguments.channels) return;
    const Sequence sequence = sequence_number(arguments, static_cast<int>(block / blocks));
    const Element* const x = channel_of(arguments.x, arguments.x_stride, sequence, channel);
    Element* const y = channel_of(arguments.y, arguments.y_stride, sequence, channel);
    const long long x_distance = token_distance(arguments.x_stride),
                    y_distance = token_distance(arguments.y_stride);
    //@if residual == tensor
    const Element* const residual =
        channel_of(arguments.residual, arguments.residual_stride, sequence, channel);
    //@end
    //@if indexed
    const int slot = arguments.state_index[sequence.index];
    if (slot < 0 || slot >= arguments.pool) {
        for (int token = sequence.begin; token < sequence.end; ++token) y[token * y_distance] = Element{};
        return;
    }
    //@else
    const int slot = sequence.index;
    //@end
    Element* const state =
        arguments.state + slot * arguments.state_stride[0] + channel * arguments.state_stride[1];
    Element window[Config::width];
    float weight[Config::width];
#pragma unroll
    for (int i = 0; i < kept; ++i) window[i] = state[i];
#pragma unroll
    for (int w = 0; w < Config::width; ++w)
        weight[w] = taps_scale() * to_float(arguments.weight[channel * arguments.weight_stride[0] + w]);
    //@if bias
    const float bias = taps_scale() * to_float(arguments.bias[channel]);
    //@else
    constexpr float bias = 0.0f;
    //@end
    for (int token = sequence.begin; token < sequence.end; ++token) {
        window[kept] = x[token * x_distance];
        float sum = bias;
#pragma unroll
        for (int w = 0; w < Config::width; ++w) sum = fused_multiply_add(to_float(window[w]), weight[w], sum);
        sum = activation(sum);
        //@if residual == input
        sum += to_float(window[kept]);
        //@elif residual == tensor
        sum += to_float(residual[token * token_distance(arguments.residual_stride)]);
        //@end
        y[token * y_distance] = from_float<Element>(sum);
#pragma unroll
        for (int i = 0; i < kept; ++i) window[i] = window[i + 1];
    }
#pragma unroll
    for (int i = 0; i < kept; ++i) state[i] = window[i];
}

} // namespace chela
