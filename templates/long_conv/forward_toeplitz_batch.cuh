#pragma once
// Long convolution on tensor cores of compute capability 8.0 and up (mma.sync): a product of Toeplitz blocks,
// 8 sequences at a time.
//
// With tokens in blocks of 16, block i of a channel's outputs in 8 sequences is the 16×8 matrix
//     Y_i = Σ_j T_{i - j} X_j             T_d: the 16×16 Toeplitz block of diagonal d (toeplitz_taps.cuh)
// A warp takes a strip of `strip` such blocks of outputs, which stay in registers, past the blocks of inputs
// one after the other. From one to the next all diagonals move by one: the fragments of taps stay in
// registers too, in a ring, and each block of inputs brings one of the taps and one of the inputs for
// `strip` products.

#include "long_conv/rows.cuh"
#include "long_conv/shared_pieces.cuh"
#include "long_conv/toeplitz_taps.cuh"

namespace chela {

/// The outputs of a warp: accumulators of the strip's blocks.
template <class Config>
using Outputs = float[Config::strip][4];

/// The fragments of taps by their diagonals modulo `strip`, in front of a block of inputs.
template <class Config>
class Ring {
    using Element = typename Config::Element;
    static constexpr int strip = Config::strip;

  public:
    /// The strip's first block meets the next block of inputs at `diagonal` of the segment of taps.
    CHELA_DEVICE Ring(const TapSegment<Config>& segment, int diagonal)
        : segment_(segment), diagonal_(diagonal) {
#pragma unroll
        for (int i = 1; i < strip; ++i) taps_[i] = segment.fragment(diagonal + i);
    }

    /// Adds what the next `strip` blocks of inputs give; `row` is where they begin in a row of shared memory,
    /// that of sequence lane % 8. With `is_last`, output block i of the strip needs those up to the i-th.
    template <bool is_last>
    CHELA_DEVICE void add(Outputs<Config>& sum, const Element* row) {
        FragmentB2 inputs; // of two blocks
#pragma unroll
        for (int j = 0; j < strip; ++j) {
            if (j == 0 || !is_last) taps_[(strip - j) % strip] = segment_.fragment(diagonal_ - j);
            if (j % 2 == 0) ldmatrix_x4(inputs.r, row + j * 16 + lane() / 8 * 8);
#pragma unroll
            for (int i = strip - 1; i >= 0; --i)
                if (i >= j || !is_last)
                    Fragments<Element>::multiply(sum[i], taps_[(strip + i - j) % strip], inputs, j % 2);
        }
        diagonal_ -= strip;
    }

  private:
    const TapSegment<Config>& segment_;
    int diagonal_;
    FragmentA taps_[strip];
};

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_forward_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int strip = Config::strip, segment = Config::segment, batches = Config::tile_batches;
    constexpr int strip_tokens = strip * 16, channel_threads = Config::token_warps * 32;
    const Tile tile = tile_of<Config>(arguments);
    const int own = warp_index() / Config::token_warps, channel = tile.channel + own; // the warp's
    const bool has_channel = channel < arguments.channels;
    // The later a strip, the more inputs it may have: neighbouring blocks go through them in opposite orders,
    // so that each of a multiprocessor's quarters has as much to do.
    const int warp = warp_index() % Config::token_warps,
              in_tile = channel / 4 % 2 ? warp : Config::token_warps - 1 - warp,
              first_output = (tile.token + in_tile * strip_tokens) / 16; // block of 16

    Element* const rows = reinterpret_cast<Element*>(dynamic_shared());
    const auto row_of = [rows](int batch, int in_tile) {
        return rows + (in_tile * batches + batch) * Config::row_pitch;
    };
    const TapSegment<Config> taps(row_of(0, Config::tile_channels) + own * 2 * Config::tap_pitch);

    const Lags lags = lags_of(arguments, tile.token, Config::tile_tokens);
    const Diagonals diagonals(lags);
    TapScale scale;
    //@if dtype == fp16
    if (has_channel) scale = scale_for(largest_tap<32>(arguments, channel, lags, lane()));
    //@end
    Outputs<Config> sum = {};
    const int first_input = tile.token - lags.last > 0 ? tile.token - lags.last : 0,
              to_input = tile.token + Config::tile_tokens - lags.first;
    const int input_end = to_input < arguments.length ? to_input : arguments.length;
    // The blocks of inputs whose products with some of the strip's taps are not all zero.
    const int lowest = first_output - floor_divide(diagonals.last + strip - 1, strip) * strip,
              highest = first_output - floor_divide(diagonals.first, strip) * strip;
#pragma unroll 1
    for (int input = first_input / segment * segment; input < input_end; input += segment) {
        sync_threads(); // everyone is done with the inputs before
        read_rows<Config, segment>(arguments, tile, input, [row_of](int row, int token, const auto& piece) {
            put_piece(row_of(row / Config::tile_channels, row % Config::tile_channels) + token, piece);
        });
        const int lag_end = tile.token + Config::tile_tokens - input;
        if (has_channel)
            taps.template load<channel_threads>(arguments, channel, lag_end - 1, scale.of_taps,
                                                thread_index() % channel_threads);
        sync_threads();
        const int begin = lowest > input / 16 ? lowest : input / 16,
                  last_there =
                      (input_end - 1 < input + segment - 1 ? input_end - 1 : input + segment - 1) / 16,
                  last = highest < last_there ? highest : last_there;
        if (!has_channel || begin > last) continue;
        Ring<Config> ring(taps, first_output - begin - lag_end / 16);
        const Element* const row = row_of(lane() % 8, own) - input;
#pragma unroll 1
        for (int block = begin; block <= last; block += strip) {
            //@if !bidirectional
            if (block == first_output) {
                ring.template add<true>(sum, row + block * 16);
                break;
            }
            //@end
            ring.template add<false>(sum, row + block * 16);
        }
    }

    sync_threads();
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        Element* const row =
            row_of(lane() % 4 * 2 + i % 2, own) + in_tile * strip_tokens + lane() / 4 + i / 2 * 8;
#pragma unroll
        for (int block = 0; block < strip; ++block)
            row[block * 16] = from_float<Element>(output_of(scale.of_sums * sum[block][i]));
    }
    sync_threads();
    write_rows<Config>(arguments, tile, [row_of](int row, int token, auto& piece) {
        get_piece(row_of(row / Config::tile_channels, row % Config::tile_channels) + token, piece);
    });
}

} // namespace chela
