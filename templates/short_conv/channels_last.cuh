#pragma once
// Short convolution of [batch, length, channels] on CUDA cores. A thread takes a run of tokens of a few
// neighbouring channels past a window of inputs in registers, so that it reads each input once; only the
// first width - 1 of the window are read by the thread of the run before as well. Neighbouring threads hold
// neighbouring channels. While some tokens are computed, the next ones are on their way.

#include "prelude/cuda/thread.cuh"
#include "prelude/pack.cuh"
#include "short_conv/activation.cuh"
#include "short_conv/sequence.cuh"

namespace chela {

/// Taps of the tile's channels in shared memory, [width, weight_pitch] and a row more for the bias: they lie
/// in global memory tap by tap, and are read channel by channel.
template <class Config, class Arguments>
CHELA_DEVICE void stage_weights(float* staged, const Arguments& arguments, int first_channel) {
    constexpr int together = 4; // loads that are on their way at once
    for (int first = thread_index(); first < Config::width * Config::tile_channels;
         first += together * Config::threads) {
        float tap[together];
#pragma unroll
        for (int i = 0; i < together; ++i) {
            const int at = first + i * Config::threads, channel = first_channel + at / Config::width;
            const bool inside = at < Config::width * Config::tile_channels && channel < arguments.channels;
            const auto* const source =
                arguments.weight + channel * arguments.weight_stride[0] + at % Config::width;
            tap[i] = inside ? to_float(*source) : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < together; ++i) {
            const int at = first + i * Config::threads;
            if (at < Config::width * Config::tile_channels)
                staged[at % Config::width * Config::weight_pitch + at / Config::width] = tap[i];
        }
    }
    //@if bias
    for (int i = thread_index(); i < Config::tile_channels; i += Config::threads)
        if (first_channel + i < arguments.channels)
            staged[Config::width * Config::weight_pitch + i] = to_float(arguments.bias[first_channel + i]);
    //@end
}

/// A thread's window over `vector` channels from `channel` on.
template <class Config, class Arguments, int vector>
class Window {
    using Element = typename Config::Element;
    using Piece = Packet<Element, vector>;
    static constexpr int kept = Config::width - 1, lookahead = kept - Config::history;

  public:
    CHELA_DEVICE Window(const Arguments& arguments, int channel) : arguments_(arguments), channel_(channel) {}

    /// Asks for the first inputs of a part: nothing waits for them yet.
    CHELA_DEVICE void start(const Part& part) {
        part_ = part;
        x_ = channel_of(arguments_.x, arguments_.x_stride, part.sequence, channel_);
#pragma unroll
        for (int i = 0; i < kept; ++i) row_[i] = input(part.begin - Config::history + i);
        ask(part.begin);
    }

    /// Writes y of the part. `staged` are the taps of the window's first channel.
    CHELA_DEVICE void finish(const float* staged) {
        float weight[Config::width][vector], bias[vector] = {};
#pragma unroll
        for (int w = 0; w < Config::width; ++w) read_staged(weight[w], staged + w * Config::weight_pitch);
        //@if bias
        read_staged(bias, staged + Config::width * Config::weight_pitch);
        //@end
        Element* const y = channel_of(arguments_.y, arguments_.y_stride, part_.sequence, channel_);
        for (int token = part_.begin; token < part_.end; token += Config::unroll) {
#pragma unroll
            for (int u = 0; u < Config::unroll; ++u) row_[kept + u] = next_[u];
            //@if residual == tensor
            Piece residual[Config::unroll];
#pragma unroll
            for (int u = 0; u < Config::unroll; ++u) residual[u] = next_residual_[u];
            //@end
            if (token + Config::unroll < part_.end) ask(token + Config::unroll);
#pragma unroll
            for (int u = 0; u < Config::unroll; ++u) {
                float sum[vector];
#pragma unroll
                for (int i = 0; i < vector; ++i) {
                    sum[i] = bias[i];
#pragma unroll
                    for (int w = 0; w < Config::width; ++w)
                        sum[i] = fused_multiply_add(to_float(row_[u + w].element[i]), weight[w][i], sum[i]);
                    sum[i] = activation(sum[i]);
                    //@if residual == input
                    sum[i] += to_float(row_[u + Config::history].element[i]);
                    //@elif residual == tensor
                    sum[i] += to_float(residual[u].element[i]);
                    //@end
                }
                if (token + u < part_.end)
                    *reinterpret_cast<Piece*>(y + (token + u) * arguments_.y_stride[1]) = pack<Element>(sum);
            }
#pragma unroll
            for (int i = 0; i < kept; ++i) row_[i] = row_[Config::unroll + i];
        }
    }

  private:
    static CHELA_DEVICE void read_staged(float (&values)[vector], const float* staged) {
        const auto piece = *reinterpret_cast<const Packet<float, vector>*>(staged);
#pragma unroll
        for (int i = 0; i < vector; ++i) values[i] = piece.element[i];
    }

    CHELA_DEVICE Piece input(int token) const {
        Piece piece{};
        if (token >= part_.sequence.begin && token < part_.sequence.end)
            piece = *reinterpret_cast<const Piece*>(x_ + token * arguments_.x_stride[1]);
        //@if state == carried
        if (token < part_.sequence.begin && arguments_.initial_state) {
#pragma unroll
            for (int i = 0; i < vector; ++i)
                piece.element[i] = input_at<Config>(arguments_, part_.sequence, channel_ + i, token);
        }
        //@end
        return piece;
    }

    /// Asks for the inputs that the tokens from `token` on need beyond those of the tokens before. Tokens
    /// beyond the part are not written: what they read does not matter.
    CHELA_DEVICE void ask(int token) {
#pragma unroll
        for (int u = 0; u < Config::unroll; ++u) {
            //@if causal
            next_[u] = *reinterpret_cast<const Piece*>(x_ + nearest(token + u) * arguments_.x_stride[1]);
            //@else
            next_[u] = input(token + lookahead + u);
            //@end
        }
        //@if residual == tensor
        const Element* const residual =
            channel_of(arguments_.residual, arguments_.residual_stride, part_.sequence, channel_);
#pragma unroll
        for (int u = 0; u < Config::unroll; ++u)
            next_residual_[u] = *reinterpret_cast<const Piece*>(residual + nearest(token + u) *
                                                                               arguments_.residual_stride[1]);
        //@end
    }
    CHELA_DEVICE int nearest(int token) const { return token < part_.end ? token : part_.end - 1; }

    const Arguments& arguments_;
    const Element* x_;
    int channel_;
    Part part_;
    Piece row_[kept + Config::unroll], next_[Config::unroll];
    //@if residual == tensor
    Piece next_residual_[Config::unroll];
    //@end
};

template <class Config, class Arguments>
CHELA_DEVICE void short_conv_forward_body(const Arguments& arguments) {
    // Tiles of the same tokens are neighbours: together they read whole rows.
    const uint32 channel_tiles = (arguments.channels + Config::tile_channels - 1u) / Config::tile_channels,
                 token_tiles = (arguments.length + Config::tile_tokens - 1u) / Config::tile_tokens;
    const uint32 block = static_cast<uint32>(block_index()), token_tile = block / channel_tiles;
    const int first_channel = static_cast<int>(block % channel_tiles) * Config::tile_channels,
              in_tile = thread_index() % Config::channel_threads * Config::vector,
              channel = first_channel + in_tile;
    const int begin = static_cast<int>(token_tile % token_tiles) * Config::tile_tokens +
                      thread_index() / Config::channel_threads * Config::tokens,
              end = begin + Config::tokens < arguments.length ? begin + Config::tokens : arguments.length;
    const bool has_tokens = begin < end, is_whole = channel + Config::vector <= arguments.channels;

    Window<Config, Arguments, Config::vector> window(arguments, channel);
    Part part;
    if (has_tokens) {
        part = first_part(arguments, static_cast<int>(token_tile / token_tiles), begin, end);
        if (is_whole) window.start(part);
    }
    float* const staged = reinterpret_cast<float*>(dynamic_shared());
    stage_weights<Config>(staged, arguments, first_channel);
    sync_threads();
    if (!has_tokens) return;
    if (is_whole) {
        window.finish(staged + in_tile);
        while (next_part(arguments, part, end)) {
            window.start(part);
            window.finish(staged + in_tile);
        }
    }
    //@if vector != 1
    if (is_whole) return;
    do // the last channels, one by one
        for (int i = 0; channel + i < arguments.channels; ++i) {
            Window<Config, Arguments, 1> single(arguments, channel + i);
            single.start(part);
            single.finish(staged + in_tile + i);
        }
    while (next_part(arguments, part, end));
    //@end
}

} // namespace chela
