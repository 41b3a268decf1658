#pragma once
// Short convolution of [batch, channels, length] on the CPU. A block takes its channels one by one: what the
// taps of its tokens reach is put into a row of scratch memory as fp32, with zeros or the state where x has
// nothing, and read once for each tap.

#include "prelude/cpu/partial.h"
#include "short_conv/activation.cpu.h"
#include "short_conv/tile.cpu.h"

namespace chela {

template <class Config, class Arguments>
void short_conv_forward_body(const Arguments& arguments, long long block, void* memory) {
    constexpr int lookahead = Config::width - 1 - Config::history;
    const Tile tile = tile_of<Config>(arguments, block);
    auto* const line = static_cast<float*>(memory); // of the tokens from begin - history on
    for (int channel = tile.channel; channel < tile.channel + tile.channels; ++channel) {
        Vector weight[Config::width];
        for (int w = 0; w < Config::width; ++w)
            weight[w] = broadcast(load<1>(arguments.weight + channel * arguments.weight_stride[0] + w)[0]);
        //@if bias
        const Vector bias = broadcast(load<1>(arguments.bias + channel)[0]);
        //@else
        const Vector bias = broadcast(0.0f);
        //@end
        for_each_part(arguments, tile, [&](const Part& part) {
            const Sequence& sequence = part.sequence;
            const auto* const x = channel_of(arguments.x, arguments.x_stride, sequence, channel) + part.begin;
            auto* const y = channel_of(arguments.y, arguments.y_stride, sequence, channel) + part.begin;
            //@if residual == tensor
            const auto* const residual =
                channel_of(arguments.residual, arguments.residual_stride, sequence, channel) + part.begin;
            //@end
            const int count = part.end - part.begin;
            const auto copy_input = [&](int offset) {
                const auto element = input_at<Config>(arguments, sequence, channel, part.begin + offset);
                line[Config::history + offset] = load<1>(&element)[0];
            };
            for (int i = 0; i < count; i += lanes)
                store(line + Config::history + i, load_first(x + i, count - i));
            for (int i = -Config::history; i < 0; ++i) copy_input(i);
            for (int i = count; i < count + lookahead; ++i) copy_input(i);
            for (int i = 0; i < count; i += lanes * Config::unroll) {
                Vector sum[Config::unroll];
                for (int u = 0; u < Config::unroll; ++u) sum[u] = bias;
#pragma clang loop unroll(full)
                for (int w = 0; w < Config::width; ++w)
                    for (int u = 0; u < Config::unroll; ++u)
                        sum[u] += load(line + i + u * lanes + w) * weight[w];
#pragma clang loop unroll(full)
                for (int u = 0; u < Config::unroll; ++u) {
                    const int at = i + u * lanes;
                    if (at >= count) break;
                    sum[u] = activation(sum[u]);
                    //@if residual == input
                    sum[u] += load(line + Config::history + at);
                    //@elif residual == tensor
                    sum[u] += load_first(residual + at, count - at);
                    //@end
                    store_first(y + at, count - at, sum[u]);
                }
            }
        });
    }
}

} // namespace chela
