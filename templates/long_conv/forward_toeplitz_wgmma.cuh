#pragma once
// Long convolution on tensor cores of sm_90a (wgmma): a product of Toeplitz blocks, 8 sequences at a time.
//
// With tokens in blocks of 64, block i of a channel's outputs in 8 sequences is the 64×8 matrix
//     Y_i = Σ_d T_d X_{i - d}             T_d: the 64×64 Toeplitz block of diagonal d
// A warpgroup takes a strip of such blocks of outputs, side by side the columns of one wgmma, the last block
// first. Blocks of inputs lie in shared memory in the same order: those that a strip takes with a diagonal
// are neighbours, and those for the next diagonal begin one block further. So the operand moves, and a row of
// accumulators stays where it is. The taps come from registers: of T_d, each warp has a row of the 16×16
// blocks of toeplitz_taps.cuh.

#include "long_conv/copied_rows.cuh"
#include "long_conv/toeplitz_blocks.cuh"
#include "prelude/cuda/barrier.cuh"

namespace chela {

/// Where inputs begin, in blocks: with the sequence, or with the state before it.
template <class Config, class Arguments>
CHELA_DEVICE int first_input_block(const Arguments& arguments) {
    //@if state == carried
    return floor_divide(1 - arguments.kernel_length, Blocks<Config>::tokens);
    //@else
    (void)arguments;
    return 0;
    //@end
}

/// The inputs of all channels on their way to a window of blocks, the last of them in front.
template <class Config>
class WindowLoad {
    static constexpr int tokens = Config::window * Blocks<Config>::tokens;

  public:
    /// Starts it, `first` being the first token. Later passes leave the channels before theirs as they are.
    template <class Arguments>
    CHELA_DEVICE WindowLoad(const Blocks<Config>& blocks, const Arguments& arguments, const Tile& tile,
                            int pass, int first)
        : blocks_(blocks), copies_(pass == 0 && are_copied<Config>(arguments, tile, first)) {
        const auto to = place();
        if (copies_)
            copy_rows<Config, tokens>(arguments, tile, first, to);
        else
            read_rows<Config, tokens>(
                arguments, tile, first, [to, pass](int row, int token, const auto& piece) {
                    const int channel = row % Config::tile_channels;
                    if (channel >= pass * Config::groups)
                        put_piece(to(row / Config::tile_channels, channel, token), piece);
                });
    }
    CHELA_DEVICE void finish() const {
        if (!copies_) return;
        cp_async_wait<0>();
        turn_rows<Config, tokens>(place());
    }

  private:
    CHELA_DEVICE auto place() const {
        return [blocks = blocks_](int batch, int channel, int token) {
            return blocks.at(channel, Config::window - 1 - token / Blocks<Config>::tokens, batch,
                             token % Blocks<Config>::tokens);
        };
    }

    Blocks<Config> blocks_;
    bool copies_;
};

/// The sums of a warpgroup, to where its channel's first blocks of inputs were.
template <class Config>
CHELA_DEVICE void store_sums(const Blocks<Config>& blocks, int channel, const Outputs<Config>& sum,
                             float scale) {
    using Element = typename Config::Element;
    // Matrices: tokens 0-7 and 8-15 of the warp's in a block, then in the next.
    const int token = warp_index() % 4 * 16 + lane() / 8 % 2 * 8;
#pragma unroll
    for (int position = 0; position < Config::strip; position += 2) {
        uint32 pairs[4];
#pragma unroll
        for (int i = 0; i < 4; ++i)
            pairs[i] = pack2<Element>(output_of(scale * sum[position * 4 + 2 * i]),
                                      output_of(scale * sum[position * 4 + 2 * i + 1]));
        stmatrix_x4_transposed(pairs, blocks.at(channel, position + lane() / 16, lane() % 8, token));
    }
}

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_forward_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int strip = Config::strip, depth = Config::depth, tokens = Blocks<Config>::tokens;
    const Tile tile = tile_of<Config>(arguments);
    const int group = warp_index() / 4;

    const Blocks<Config> blocks(reinterpret_cast<Element*>(dynamic_shared()));
    Element* const all_taps = blocks.block(Config::tile_channels, 0);
    const auto taps_of = [all_taps](int channel) {
        return TapSegment<Config>(all_taps + channel * 2 * Config::tap_pitch);
    };
    //@if dtype == fp16
    float* const scale_of_sums =
        reinterpret_cast<float*>(all_taps + Config::tile_channels * 2 * Config::tap_pitch);
    float* const largest_of_warps = scale_of_sums + Config::tile_channels;
    //@end
    const auto sync_group = [&] {
        //@if groups == 1
        sync_threads();
        //@else
        named_barrier_sync(1 + group, 128);
        //@end
    };
    const Lags lags = lags_of(arguments, tile.token, Config::tile_tokens);
    const int first_diagonal = floor_divide(lags.first, tokens),
              last_diagonal = floor_divide(lags.last + tokens - 1, tokens);
    const int first_input = first_input_block<Config>(arguments), // blocks
        last_output = tile.token / tokens + strip - 1;
    // What the first pass loaded is all that the others need.
    const bool one_window =
        last_output - first_diagonal - first_input < strip || last_diagonal - first_diagonal < depth;
    // Taps of the warpgroup's channels from a pass on, for diagonals from one on.
    const auto load_taps = [&](int pass, int diagonal) {
#pragma unroll 1
        for (int own = pass * Config::groups + group; own < Config::tile_channels; own += Config::groups) {
            const int channel = tile.channel + own, thread = thread_index() % 128;
            if (channel >= arguments.channels) break;
            TapScale scale;
            //@if dtype == fp16
            const float of_warp = largest_tap<128>(arguments, channel, lags, thread);
            if (lane() == 0) largest_of_warps[group * 4 + thread / 32] = of_warp;
            sync_group();
            float largest = 0.0f;
#pragma unroll
            for (int i = 0; i < 4; ++i) largest = maximum(largest, largest_of_warps[group * 4 + i]);
            scale = scale_for(largest);
            if (thread == 0) scale_of_sums[own] = scale.of_sums;
            sync_group(); // the next channel's are awaited
            //@end
            taps_of(own).template load<128>(arguments, channel,
                                            (diagonal + Config::segment_diagonals) * tokens - 1,
                                            scale.of_taps, thread);
        }
    };
#pragma unroll 1
    for (int pass = 0; pass < Config::group_channels; ++pass) {
        const int own = pass * Config::groups + group; // the warpgroup's channel
        const bool has_channel = tile.channel + own < arguments.channels;
        Outputs<Config> sum = {};
#pragma unroll 1
        for (int diagonal = first_diagonal; diagonal <= last_diagonal; diagonal += depth) {
            const int last_input = last_output - diagonal, positions = last_input - first_input + 1;
            if (pass == 0 || !one_window) {
                sync_threads(); // everyone is done with those before
                const WindowLoad<Config> load(blocks, arguments, tile, pass,
                                              (last_input - Config::window + 1) * tokens);
                load_taps(pass, diagonal);
                load.finish();
                fence_proxy_async();
                sync_threads();
            }
            const bool is_last = positions <= strip; // no other inputs come in sight
            const int left = last_diagonal - diagonal + 1, most = is_last ? strip : depth;
            if (has_channel)
                Products<Config>(taps_of(own), blocks.operand(own))
                    .add(sum, left < most ? left : most, positions);
            if (is_last) break;
        }
        sync_group(); // it is done with its inputs
        float scale = 1.0f;
        //@if dtype == fp16
        scale = scale_of_sums[own];
        //@end
        store_sums(blocks, own, sum, scale);
    }
    sync_threads();
    store_rows<Config>(arguments, tile, [blocks](int batch, int channel, int token) {
        return blocks.at(channel, strip - 1 - token / tokens, batch, token % tokens);
    });
}

} // namespace chela
