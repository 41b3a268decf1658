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

/// Reads `count` blocks of inputs of the tile's channels from `first_channel` on, the last of them, number
/// `last`, to `position`.
template <int count, class Config, class Arguments>
CHELA_DEVICE void load_blocks(const Blocks<Config>& blocks, const Arguments& arguments, const Tile& tile,
                              int first_channel, int last, int position) {
    constexpr int tokens = Blocks<Config>::tokens;
    copy_rows<Config, count * tokens>(arguments, tile, (last - count + 1) * tokens, [=](int row, int token) {
        const int channel = row % Config::tile_channels, sequence = row / Config::tile_channels;
        return channel < first_channel
                   ? nullptr
                   : blocks.at(channel, position + count - 1 - token / tokens, sequence, token % tokens);
    });
}

/// Sets `count` blocks of all channels to zeros.
template <int count, class Config>
CHELA_DEVICE void clear_blocks(const Blocks<Config>& blocks, int position) {
    constexpr int elements = 8, pieces = count * Blocks<Config>::elements / elements;
#pragma unroll 1
    for (int i = thread_index(); i < Config::tile_channels * pieces; i += Config::threads)
        put_piece(blocks.block(i / pieces, position) + i % pieces * elements,
                  Piece<typename Config::Element, elements>{});
}

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

    Element* const rows = reinterpret_cast<Element*>(dynamic_shared());
    const Blocks<Config> blocks(rows);
    const TapSegment<Config> taps(blocks.block(Config::tile_channels, 0) + group * 2 * Config::tap_pitch);

    const Lags lags = lags_of(arguments, tile.token, Config::tile_tokens);
    const int first_diagonal = floor_divide(lags.first, tokens),
              last_diagonal = floor_divide(lags.last + tokens - 1, tokens),
              last_output = tile.token / tokens + strip - 1; // block
#pragma unroll 1
    for (int pass = 0; pass < Config::group_channels; ++pass) {
        const int own = pass * Config::groups + group, channel = tile.channel + own; // the warpgroup's
        const bool has_channel = channel < arguments.channels;
        TapScale scale;
        //@if dtype == fp16
        if (has_channel) scale = tap_scale(arguments, channel, lags);
        //@end
        Outputs<Config> sum = {};
#pragma unroll 1
        for (int diagonal = first_diagonal; diagonal <= last_diagonal; diagonal += depth) {
            const int last_input = last_output - diagonal, // block, the one in front
                positions = last_input - first_input_block<Config>(arguments) + 1;
            const bool is_last = positions <= strip;                  // no others come in sight
            sync_threads();                                           // everyone is done with inputs and taps
            if (pass == 0 || !is_last || diagonal > first_diagonal) { // they are not there yet
                load_blocks<strip>(blocks, arguments, tile, pass * Config::groups, last_input, 0);
                if (is_last)
                    clear_blocks<3>(blocks, strip);
                else
                    load_blocks<depth>(blocks, arguments, tile, pass * Config::groups, last_input - strip,
                                       strip);
            }
            if (has_channel)
                taps.template load<128>(arguments, channel,
                                        (diagonal + Config::segment_diagonals) * tokens - 1, scale.of_taps,
                                        thread_index() % 128);
            cp_async_wait<0>();
            fence_proxy_async();
            sync_threads();
            const int left = last_diagonal - diagonal + 1, most = is_last ? strip : depth;
            if (has_channel)
                Products<Config>(taps, blocks.operand(own)).add(sum, left < most ? left : most, positions);
            if (is_last) break;
        }
        sync_threads(); // the warpgroup is done with its inputs
        store_sums(blocks, own, sum, scale.of_sums);
    }
    sync_threads();
    write_rows<Config>(arguments, tile, [blocks](int row, int token, auto& piece) {
        get_piece(blocks.at(row % Config::tile_channels, strip - 1 - token / tokens,
                            row / Config::tile_channels, token % tokens),
                  piece);
    });
}

} // namespace chela
