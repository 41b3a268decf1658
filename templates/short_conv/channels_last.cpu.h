#pragma once
// Short convolution of [batch, length, channels] on the CPU. A block computes a few rows of y at a time, from
// left to right: it reads as many rows of x and the width - 1 before them, in the order of memory. A row that
// x does not have is one of zeros or of the state.

#include "prelude/cpu/partial.h"
#include "short_conv/activation.cpu.h"
#include "short_conv/tile.cpu.h"

namespace chela {

/// Scratch memory of a block: taps channel by channel, and rows that x does not have.
template <class Config>
struct Scratch {
    using Element = typename Config::Element;
    float weight[Config::width][Config::block_channels];
    //@if bias
    float bias[Config::block_channels];
    //@end
    Element zeros[Config::block_channels];
    //@if state == carried
    Element state[Config::width - 1][Config::block_channels];
    //@end

    template <class Arguments>
    void load_weights(const Arguments& arguments, const Tile& tile) {
        for (int w = 0; w < Config::width; ++w)
            for (int c = 0; c < tile.channels; c += lanes)
                store(&weight[w][c],
                      gather(arguments.weight + (tile.channel + c) * arguments.weight_stride[0] + w,
                             arguments.weight_stride[0],
                             tile.channels - c < lanes ? tile.channels - c : lanes));
        //@if bias
        for (int c = 0; c < tile.channels; c += lanes)
            store(&bias[c], load_first(arguments.bias + tile.channel + c, tile.channels - c));
        //@end
        for (Element& zero : zeros) zero = Element{};
    }
    //@if state == carried
    template <class Arguments>
    void load_state(const Arguments& arguments, const Tile& tile, const Sequence& sequence) {
        for (int i = 0; i < Config::width - 1; ++i)
            for (int c = 0; c < tile.channels; ++c)
                state[i][c] = input_at<Config>(arguments, sequence, tile.channel + c,
                                               sequence.begin - (Config::width - 1) + i);
    }
    //@end
};

/// Rows of x around some tokens, and where their y goes, at the tile's first channel.
template <class Config>
struct RowBlock {
    using Element = typename Config::Element;
    const Element* input[Config::width - 1 + Config::unroll];
    const Element* residual[Config::unroll];
    Element* output[Config::unroll];
    int count; ///< of the outputs

    /// `channels` neighbouring ones of the tile from `channel` on.
    CHELA_INLINE void convolve(const Scratch<Config>& scratch, int channel, int channels) const {
        //@if bias
        const Vector bias = load(&scratch.bias[channel]);
        //@else
        const Vector bias = broadcast(0.0f);
        //@end
        Vector sum[Config::unroll];
        for (Vector& one : sum) one = bias;
#pragma clang loop unroll(full)
        for (int i = 0; i < Config::width - 1 + Config::unroll; ++i) { // each row once
            const Vector row = load_first(input[i] + channel, channels);
#pragma clang loop unroll(full)
            for (int u = 0; u < Config::unroll; ++u)
                if (i - u >= 0 && i - u < Config::width)
                    sum[u] += row * load(&scratch.weight[i - u][channel]);
        }
#pragma clang loop unroll(full)
        for (int u = 0; u < Config::unroll; ++u) {
            if (u == count) return;
            sum[u] = activation(sum[u]);
            //@if residual == input
            sum[u] += load_first(input[u + Config::history] + channel, channels);
            //@elif residual == tensor
            sum[u] += load_first(residual[u] + channel, channels);
            //@end
            store_first(output[u] + channel, channels, sum[u]);
        }
    }
};

template <class Config, class Arguments>
void short_conv_forward_body(const Arguments& arguments, long long block, void* memory) {
    using Element = typename Config::Element;
    const Tile tile = tile_of<Config>(arguments, block);
    auto& scratch = *static_cast<Scratch<Config>*>(memory);
    scratch.load_weights(arguments, tile);
    for_each_part(arguments, tile, [&](const Part& part) {
        const Sequence& sequence = part.sequence;
        const Element* const x = channel_of(arguments.x, arguments.x_stride, sequence, tile.channel);
        //@if state == carried
        if (part.begin - sequence.begin < Config::width - 1) scratch.load_state(arguments, tile, sequence);
        //@end
        const auto row = [&](int token) -> const Element* {
            if (token >= sequence.begin && token < sequence.end) return x + token * arguments.x_stride[1];
            //@if state == carried
            const int before = sequence.begin - token;
            if (before > 0 && before < Config::width) return scratch.state[Config::width - 1 - before];
            //@end
            return scratch.zeros;
        };
        for (int token = part.begin; token < part.end; token += Config::unroll) {
            RowBlock<Config> rows;
            rows.count = part.end - token < Config::unroll ? part.end - token : Config::unroll;
            for (int i = 0; i < Config::width - 1 + Config::unroll; ++i)
                rows.input[i] = row(token - Config::history + i);
            for (int u = 0; u < rows.count; ++u) {
                rows.output[u] = channel_of(arguments.y, arguments.y_stride, sequence, tile.channel) +
                                 (token + u) * arguments.y_stride[1];
                //@if residual == tensor
                rows.residual[u] =
                    channel_of(arguments.residual, arguments.residual_stride, sequence, tile.channel) +
                    (token + u) * arguments.residual_stride[1];
                //@end
            }
            const int whole = tile.channels / lanes * lanes;
            for (int channel = 0; channel < whole; channel += lanes) rows.convolve(scratch, channel, lanes);
            if (whole < tile.channels) rows.convolve(scratch, whole, tile.channels - whole);
        }
    });
}

} // namespace chela
