#pragma once
// Long convolution on tensor cores of compute capability 8.0 and up (mma.sync): a product of Toeplitz blocks.
//
// With tokens in blocks of 16, block i of a channel's outputs is
//     Y_i = Σ_d T_d X_{i - d}             T_d: the 16×16 Toeplitz block of diagonal d (toeplitz_taps.cuh)
// A window is 8 neighbouring blocks, the columns of one mma: of outputs the blocks 8 p to 8 p + 7, of inputs,
// for each shift f = 0 … 7, the blocks 8 w - f to 8 w - f + 7. Window p of the outputs takes window w of the
// inputs with the one block T_d of d = 8 (p - w) + f. So a fragment of inputs serves all windows of outputs,
// and a fragment of taps all pairs of windows with the same p - w in all sequences of the block.
//
// A warp takes a channel of tile_batches sequences: its outputs stay in registers while inputs and taps come
// by through shared memory, as many windows of inputs at a time as it has of outputs.

#include "long_conv/rows.cuh"
#include "long_conv/shared_pieces.cuh"
#include "long_conv/toeplitz_taps.cuh"

namespace chela {

/// Where a token lies in a row of shared memory: 8 rows of ldmatrix, 16 tokens apart, fall into all banks.
/// The tokens of a piece stay together.
CHELA_DEVICE int place_of(int token) { return token ^ (token >> 3 & 8); }

/// Fragments of the windows `first_block + 8 w` of a row, w < windows.
template <class Config>
CHELA_DEVICE void load_windows(FragmentB2 (&fragment)[Config::windows / 2],
                               const typename Config::Element* row, int first_block) {
    // Matrices: the first and second 8 tokens of the blocks of one window, then of the next.
    const int block = first_block + lane() / 16 * 8 + lane() % 8, half = lane() / 8 % 2;
#pragma unroll
    for (int pair = 0; pair < Config::windows / 2; ++pair)
        ldmatrix_x4(fragment[pair].r, row + place_of((block + pair * 16) * 16 + half * 8));
}

/// Windows of inputs begin with the sequence, or with the state before it.
CHELA_DEVICE int first_window(int lowest) {
    //@if state == carried
    return lowest;
    //@else
    return lowest > 0 ? lowest : 0;
    //@end
}

template <class Config>
using Sums = float[Config::tile_batches][Config::windows][4];

/// Adds what the windows of outputs take from as many windows of inputs, those of `row` and of the rows of
/// the same channel in the other sequences; the first ones are `distance` windows apart. With `all`, every
/// pair of them has taps.
template <bool all, class Config>
CHELA_DEVICE void add_products(Sums<Config>& sum, const TapSegment<Config>& taps,
                               const typename Config::Element* row, int distance,
                               const Diagonals& diagonals) {
    constexpr int windows = Config::windows, batches = Config::tile_batches;
#pragma unroll 1
    for (int shift = 0; shift < 8; ++shift) {
        FragmentB2 inputs[batches][windows / 2];
#pragma unroll
        for (int batch = 0; batch < batches; ++batch)
            load_windows<Config>(inputs[batch], row + batch * Config::tile_channels * Config::row_pitch,
                                 7 - shift);
#pragma unroll
        for (int apart = 1 - windows; apart < windows; ++apart) { // window of outputs - window of inputs
            if (!all && !diagonals.has(8 * (distance + apart) + shift)) continue;
            const FragmentA a = taps.fragment(8 * (apart - windows) + shift);
#pragma unroll
            for (int w = 0; w < windows; ++w) {
                if (w + apart < 0 || w + apart >= windows) continue;
#pragma unroll
                for (int batch = 0; batch < batches; ++batch)
                    Fragments<typename Config::Element>::multiply(sum[batch][w + apart], a,
                                                                  inputs[batch][w / 2], w % 2);
            }
        }
    }
}

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_forward_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int windows = Config::windows, batches = Config::tile_batches, window = 128;
    static_assert(window * windows == Config::tile_tokens);
    const Tile tile = tile_of<Config>(arguments);
    const int own = warp_index(), channel = tile.channel + own; // the warp's
    const bool has_channel = channel < arguments.channels;

    Element* const rows = reinterpret_cast<Element*>(dynamic_shared());
    const auto row_of = [rows](int row) { return rows + row * Config::row_pitch; };
    const TapSegment<Config> taps(row_of(batches * Config::tile_channels) + own * 2 * Config::tap_pitch);

    const Lags lags = lags_of(arguments, tile.token, Config::tile_tokens);
    const Diagonals diagonals(lags);
    // The windows of inputs that they reach.
    const int first_output = tile.token / window;
    const int lowest = first_output - floor_divide(diagonals.last, 8),
              highest = first_output + windows - 1 + floor_divide(7 - diagonals.first, 8),
              end = (arguments.length + 7 * 16 + window - 1) / window;
    const int last_input = highest < end - 1 ? highest : end - 1;

    TapScale scale;
    //@if dtype == fp16
    if (has_channel) scale = scale_for(largest_tap<32>(arguments, channel, lags, lane()));
    //@end
    Sums<Config> sum = {};
#pragma unroll 1
    for (int input = first_window(lowest); input <= last_input; input += windows) {
        sync_threads(); // everyone is done with the inputs before
        read_rows<Config, Config::row_tokens>(arguments, tile, input * window - 7 * 16,
                                              [row_of](int row, int token, const auto& piece) {
                                                  put_piece(row_of(row) + place_of(token), piece);
                                              });
        const int distance = first_output - input; // of the windows
        if (has_channel)
            taps.template load<32>(arguments, channel, (distance + windows) * window - 1, scale.of_taps,
                                   lane());
        sync_threads();
        if (!has_channel) continue;
        if (diagonals.has(8 * (distance + 1 - windows)) && diagonals.has(8 * (distance + windows) - 1))
            add_products<true>(sum, taps, row_of(own), distance, diagonals);
        else
            add_products<false>(sum, taps, row_of(own), distance, diagonals);
    }

    sync_threads();
#pragma unroll
    for (int batch = 0; batch < batches; ++batch)
#pragma unroll
        for (int p = 0; p < windows; ++p)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int block = p * 8 + lane() % 4 * 2 + i % 2, in_block = lane() / 4 + i / 2 * 8;
                row_of(batch * Config::tile_channels + own)[place_of(block * 16 + in_block)] =
                    from_float<Element>(output_of(scale.of_sums * sum[batch][p][i]));
            }
    sync_threads();
    write_rows<Config>(arguments, tile, [row_of](int row, int token, auto& piece) {
        get_piece(row_of(row) + place_of(token), piece);
    });
}

} // namespace chela
