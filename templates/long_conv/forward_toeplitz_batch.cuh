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
#include "long_conv/toeplitz_taps.cuh"

namespace chela {

template <class Element, int count>
CHELA_DEVICE void put_packet(Element* to, const Packet<Element, count>& packet) {
    *reinterpret_cast<Packet<Element, count>*>(to) = packet;
}
template <class Element, int count>
CHELA_DEVICE void get_packet(const Element* from, Packet<Element, count>& packet) {
    packet = *reinterpret_cast<const Packet<Element, count>*>(from);
}

/// The outputs of a warp, and the fragments of taps by their diagonals modulo `strip`.
template <class Config>
class Strip {
    using Element = typename Config::Element;
    static constexpr int strip = Config::strip;

  public:
    /// Prepares for the inputs of which the first one's block meets the strip's first at diagonal `block` of
    /// the segment of taps.
    CHELA_DEVICE void start(const TapSegment<Config>& taps, int block) {
#pragma unroll
        for (int i = 1; i < strip; ++i) taps_[i] = taps.fragment(block + i);
    }

    /// Adds what `strip` blocks of inputs give, which are the next ones; `row` is where they begin in a row
    /// of shared memory, that of lane % 8. With `is_last`, block i of them is the input of block i of the
    /// outputs, and of those after.
    template <bool is_last>
    CHELA_DEVICE void add(const TapSegment<Config>& taps, int block, const Element* row) {
#pragma unroll
        for (int j = 0; j < strip; ++j) {
            if (j == 0 || !is_last) taps_[(strip - j) % strip] = taps.fragment(block - j);
            if (j % 2 == 0) ldmatrix_x4(inputs_.r, row + j * 16 + lane() / 8 * 8);
#pragma unroll
            for (int i = strip - 1; i >= 0; --i)
                if (i >= j || !is_last)
                    Fragments<Element>::multiply(sum_[i], taps_[(strip + i - j) % strip], inputs_, j % 2);
        }
    }

    /// Writes the outputs: `row_of(n)` is where the strip's begin in sequence n.
    template <class RowOf>
    CHELA_DEVICE void write(const RowOf& row_of, float scale) const {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            Element* const row = row_of(lane() % 4 * 2 + i % 2) + lane() / 4 + i / 2 * 8;
#pragma unroll
            for (int block = 0; block < strip; ++block)
                row[block * 16] = from_float<Element>(scale * sum_[block][i]);
        }
    }

  private:
    float sum_[strip][4] = {};
    FragmentA taps_[strip];
    FragmentB2 inputs_; // of two blocks
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
    if (has_channel) scale = tap_scale(arguments, channel, lags);
    //@end
    Strip<Config> outputs;
    const int first_input = tile.token - lags.last > 0 ? tile.token - lags.last : 0,
              to_input = tile.token + Config::tile_tokens - lags.first;
    const int input_end = to_input < arguments.length ? to_input : arguments.length;
#pragma unroll 1
    for (int input = first_input / segment * segment; input < input_end; input += segment) {
        sync_threads(); // everyone is done with the inputs before
        read_rows<Config, segment>(arguments, tile, input, [row_of](int row, int token, const auto& packet) {
            put_packet(row_of(row / Config::tile_channels, row % Config::tile_channels) + token, packet);
        });
        const int end = tile.token + Config::tile_tokens - input; // of the lags
        if (has_channel)
            taps.template load<channel_threads>(arguments, channel, end - 1, scale.of_taps,
                                                thread_index() % channel_threads);
        sync_threads();
        if (!has_channel) continue;
        bool is_started = false;
#pragma unroll 1
        for (int block = input / 16; block < (input + segment) / 16; block += strip) {
            const int diagonal = first_output - block; // of the first ones
            if (block * 16 >= arguments.length || diagonals.first > diagonal + strip - 1 ||
                diagonals.last < diagonal - strip + 1)
                continue;
            if (!is_started) outputs.start(taps, diagonal - end / 16);
            is_started = true;
            const Element* const row = row_of(lane() % 8, own) + block * 16 - input;
            //@if !bidirectional
            if (diagonal == 0) {
                outputs.template add<true>(taps, diagonal - end / 16, row);
                break;
            }
            //@end
            outputs.template add<false>(taps, diagonal - end / 16, row);
        }
    }

    sync_threads();
    outputs.write([row_of, own, in_tile](int batch) { return row_of(batch, own) + in_tile * strip_tokens; },
                  scale.of_sums);
    sync_threads();
    write_rows<Config>(arguments, tile, [row_of](int row, int token, auto& packet) {
        get_packet(row_of(row / Config::tile_channels, row % Config::tile_channels) + token, packet);
    });
}

} // namespace chela
