#pragma once
// Short convolution of [batch, length, channels] on CUDA cores. A thread takes a run of tokens of a few
// neighbouring channels past a window of inputs in registers, so that it reads each input once; only the
// first width - 1 of the window are read by the thread of the run before as well. Neighbouring threads hold
// neighbouring channels. While some tokens are computed, the next ones are on their way.

#include "prelude/cuda/thread.cuh"
#include "prelude/piece.cuh"
#include "short_conv/activation.cuh"
#include "short_conv/sequence.cuh"

namespace chela {

/// Taps of the tile's channels in shared memory, [width, tile_channels] and a row more for the bias: they lie
/// in global memory tap by tap, and are read channel by channel.
template <class Config, class Arguments>
CHELA_DEVICE void stage_weights(float* staged, const Arguments& arguments, int first_channel) {
    for (int i = thread_index(); i < Config::tile_channels; i += Config::threads) {
        const int channel = first_channel + i;
        if (channel >= arguments.channels) return;
        const auto* const taps = arguments.weight + channel * arguments.weight_stride[0];
#pragma unroll
        for (int w = 0; w < Config::width; ++w)
            staged[w * Config::tile_channels + i] = taps_scale() * to_float(taps[w]);
        //@if bias
        staged[Config::width * Config::tile_channels + i] = taps_scale() * to_float(arguments.bias[channel]);
        //@end
    }
}

/// A thread's window over `vector` channels from `channel` on.
template <class Config, class Arguments, int vector>
class Window {
    using Element = typename Config::Element;
    using Row = Piece<Element, vector>;
    static constexpr int kept = Config::width - 1, lookahead = kept - Config::history;
    static constexpr int unroll = Config::unroll;

  public:
    CHELA_DEVICE Window(const Arguments& arguments, int channel) : arguments_(arguments), channel_(channel) {}

    /// Asks for the first inputs of a part: nothing waits for them yet.
    CHELA_DEVICE void start(const Part& part) {
        part_ = part;
        //@if causal
        inputs_end_ = part.end;
        //@else
        inputs_end_ = part.end + lookahead < part.sequence.end ? part.end + lookahead : part.sequence.end;
        //@end
        x_ = channel_of(arguments_.x, arguments_.x_stride, part.sequence, channel_) +
             (part.begin - Config::history) * arguments_.x_stride[1];
        //@if residual == tensor
        residual_ = channel_of(arguments_.residual, arguments_.residual_stride, part.sequence, channel_) +
                    part.begin * arguments_.residual_stride[1];
        //@end
#pragma unroll
        for (int i = 0; i < kept; ++i) {
            const int token = part.begin - Config::history + i;
            row_[i] =
                read(x_, arguments_.x_stride, token >= part.sequence.begin && token < part.sequence.end);
            //@if state == carried
            if (token < part.sequence.begin && arguments_.initial_state) {
#pragma unroll
                for (int j = 0; j < vector; ++j)
                    row_[i].set(j, input_at<Config>(arguments_, part.sequence, channel_ + j, token));
            }
            //@end
        }
#pragma unroll
        for (int u = 0; u < unroll; ++u) ask(u, part.begin + u);
    }

    /// Writes y of the part. `staged` are the taps of the window's first channel.
    CHELA_DEVICE void finish(const float* staged) {
        float weight[Config::width][vector], bias[vector] = {};
#pragma unroll
        for (int w = 0; w < Config::width; ++w) read_staged(weight[w], staged + w * Config::tile_channels);
        //@if bias
        read_staged(bias, staged + Config::width * Config::tile_channels);
        //@end
        Element* y = channel_of(arguments_.y, arguments_.y_stride, part_.sequence, channel_) +
                     part_.begin * arguments_.y_stride[1];
#pragma unroll 1
        for (int i = 0; i < Config::tokens; i += unroll) {
            const int first = part_.begin + i;
            if (first >= part_.end) break;
#pragma unroll
            for (int u = 0; u < unroll; ++u) {
                row_[kept] = next_[u];
                //@if residual == tensor
                const Row residual = next_residual_[u];
                //@end
                if constexpr (unroll < Config::tokens) ask(u, first + unroll + u);
                float sum[vector];
#pragma unroll
                for (int i = 0; i < vector; ++i) {
                    sum[i] = bias[i];
#pragma unroll
                    for (int w = 0; w < Config::width; ++w)
                        sum[i] = fused_multiply_add(row_[w].value(i), weight[w][i], sum[i]);
                    sum[i] = activation(sum[i]);
                    //@if residual == input
                    sum[i] += row_[Config::history].value(i);
                    //@elif residual == tensor
                    sum[i] += residual.value(i);
                    //@end
                }
                if (first + u < part_.end) *reinterpret_cast<Row*>(y) = Row(sum);
                y += arguments_.y_stride[1];
#pragma unroll
                for (int w = 0; w < kept; ++w) row_[w] = row_[w + 1];
            }
        }
    }

  private:
    static CHELA_DEVICE void read_staged(float (&values)[vector], const float* staged) {
        const auto piece = *reinterpret_cast<const Piece<float, vector>*>(staged);
#pragma unroll
        for (int i = 0; i < vector; ++i) values[i] = piece.value(i);
    }

    /// What `from` points to, if that is there; moves on by a token.
    static CHELA_DEVICE Row read(const Element*& from, const long long (&stride)[2], bool is_there) {
        Row row{};
        if (is_there) row = *reinterpret_cast<const Row*>(from);
        from += stride[1];
        return row;
    }

    /// Asks for what the output of `token` needs beyond the outputs before.
    CHELA_DEVICE void ask(int u, int token) {
        next_[u] = read(x_, arguments_.x_stride, token + lookahead < inputs_end_);
        //@if residual == tensor
        next_residual_[u] = read(residual_, arguments_.residual_stride, token < part_.end);
        //@end
    }

    const Arguments& arguments_;
    const Element* x_; // of the next input to ask for
    int channel_;
    Part part_;
    int inputs_end_;                        // those from there on are not needed, or zero
    Row row_[Config::width], next_[unroll]; // the inputs of an output; those that come after them
    //@if residual == tensor
    const Element* residual_;
    Row next_residual_[unroll];
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
