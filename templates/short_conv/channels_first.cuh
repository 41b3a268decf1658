#pragma once
// Short convolution of [batch, channels, length] on CUDA cores. A thread takes a few neighbouring tokens of a
// channel, `groups` times; neighbouring threads of a row take neighbouring tokens. What it reads of its
// neighbours' tokens comes from the first-level cache.

#include "prelude/cuda/thread.cuh"
#include "prelude/piece.cuh"
#include "short_conv/activation.cuh"
#include "short_conv/sequence.cuh"
#include "short_conv/taps.cuh"

namespace chela {

/// The tokens from `first` on, a multiple of Config::tokens, and those around them that their taps reach.
/// `whole`: all of them are tokens of the sequence, but for those before its first.
template <class Config, class Arguments, bool whole>
class Window {
    using Element = typename Config::Element;
    using Vector = Piece<Element, Config::piece>;
    static constexpr int piece = Config::piece, lookahead = Config::width - 1 - Config::history;

  public:
    static constexpr int before = (Config::history + piece - 1) / piece * piece,
                         after = (lookahead + piece - 1) / piece * piece;

    /// Asks for the inputs of a part of the tokens: nothing waits for them yet.
    CHELA_DEVICE void load(const Arguments& arguments, const Part& part, int channel, int first) {
        const Sequence& sequence = part.sequence;
        const Element* const x = channel_of(arguments.x, arguments.x_stride, sequence, channel);
#pragma unroll
        for (int i = 0; i < before + Config::tokens + after; i += piece) {
            const int token = first - before + i;
            Vector& input = input_[i / piece];
            if constexpr (whole) {
                if (i < before) input = Vector{};
                if (i >= before || token >= 0) input = *reinterpret_cast<const Vector*>(x + token);
                continue;
            }
            if (token >= sequence.begin && token + piece <= sequence.end) {
                input = *reinterpret_cast<const Vector*>(x + token);
                continue;
            }
            input = Vector{};
#pragma unroll
            for (int j = 0; j < piece; ++j)
                input.set(j, input_at<Config>(arguments, sequence, channel, token + j));
        }
        //@if residual == tensor
        const Element* const residual =
            channel_of(arguments.residual, arguments.residual_stride, sequence, channel);
#pragma unroll
        for (int i = 0; i < Config::tokens; i += piece) {
            Vector& added = residual_[i / piece];
            if (whole || is_inside(part, first + i)) {
                added = *reinterpret_cast<const Vector*>(residual + first + i);
                continue;
            }
            added = Vector{};
#pragma unroll
            for (int j = 0; j < piece; ++j) {
                const int token = first + i + j;
                if (token >= part.begin && token < part.end) added.set(j, residual[token]);
            }
        }
        //@end
    }

    /// Writes y of the part.
    CHELA_DEVICE void write(const Arguments& arguments, const Part& part, int channel, int first,
                            const Taps<Config>& taps) const {
        Element* const y = channel_of(arguments.y, arguments.y_stride, part.sequence, channel);
#pragma unroll
        for (int i = 0; i < Config::tokens; i += piece) {
            float sum[piece];
#pragma unroll
            for (int j = 0; j < piece; ++j) {
                sum[j] = taps.bias;
#pragma unroll
                for (int w = 0; w < Config::width; ++w)
                    sum[j] = fused_multiply_add(input(i + j - Config::history + w), taps.weight[w], sum[j]);
                sum[j] = activation(sum[j]);
                //@if residual == input
                sum[j] += input(i + j);
                //@elif residual == tensor
                sum[j] += residual_[i / piece].value(j);
                //@end
            }
            const Vector rounded(sum);
            if (whole || is_inside(part, first + i)) {
                *reinterpret_cast<Vector*>(y + first + i) = rounded;
                continue;
            }
#pragma unroll
            for (int j = 0; j < piece; ++j)
                if (first + i + j >= part.begin && first + i + j < part.end)
                    y[first + i + j] = rounded.element(j);
        }
    }

  private:
    /// Of the token at `offset` from the first.
    CHELA_DEVICE float input(int offset) const {
        const int at = before + offset;
        return input_[at / piece].value(at % piece);
    }
    static CHELA_DEVICE bool is_inside(const Part& part, int token) {
        return token >= part.begin && token + piece <= part.end;
    }

    Vector input_[(before + Config::tokens + after) / piece];
    //@if residual == tensor
    Vector residual_[Config::tokens / piece];
    //@end
};

/// Tokens of a channel in sequence `index`, or in the row of all: `groups` times some from `first` on.
template <bool whole, class Config, class Arguments>
CHELA_DEVICE void convolve(const Arguments& arguments, int index, int channel, int first) {
    const auto first_of = [first](int group) {
        return first + group * (Config::row_threads * Config::tokens);
    };
    const auto end_of = [&](int group) {
        const int end = first_of(group) + Config::tokens;
        return whole || end < arguments.length ? end : arguments.length;
    };
    Window<Config, Arguments, whole> window[Config::groups];
    Part part[Config::groups];
#pragma unroll
    for (int group = 0; group < Config::groups; ++group)
        if (whole || first_of(group) < arguments.length) {
            part[group] = first_part(arguments, index, first_of(group), end_of(group));
            window[group].load(arguments, part[group], channel, first_of(group));
        }
    const Taps<Config> taps(arguments, channel);
#pragma unroll
    for (int group = 0; group < Config::groups; ++group)
        if (whole || first_of(group) < arguments.length) {
            window[group].write(arguments, part[group], channel, first_of(group), taps);
            while (next_part(arguments, part[group], end_of(group))) {
                window[group].load(arguments, part[group], channel, first_of(group));
                window[group].write(arguments, part[group], channel, first_of(group), taps);
            }
        }
}

template <class Config, class Arguments>
CHELA_DEVICE void short_conv_forward_body(const Arguments& arguments) {
    const uint32 token_tiles = (arguments.length + Config::tile_tokens - 1u) / Config::tile_tokens,
                 channel_tiles = (arguments.channels + Config::tile_channels - 1u) / Config::tile_channels;
    const uint32 block = static_cast<uint32>(block_index()), row = block / token_tiles;
    const int channel =
        static_cast<int>(row % channel_tiles) * Config::tile_channels + thread_index() / Config::row_threads;
    if (channel >= arguments.channels) return;
    const int tile = static_cast<int>(block % token_tiles) * Config::tile_tokens,
              first = tile + thread_index() % Config::row_threads * Config::tokens,
              index = static_cast<int>(row / channel_tiles);
    //@if !packed
    using Whole = Window<Config, Arguments, true>;
    bool is_whole = tile + Config::tile_tokens + Whole::after <= arguments.length;
    //@if state == carried
    is_whole = is_whole && tile >= Whole::before;
    //@end
    if (is_whole) return convolve<true, Config>(arguments, index, channel, first);
    //@end
    convolve<false, Config>(arguments, index, channel, first);
}

} // namespace chela
