#pragma once
// The outermost digit of a transform: from a sequence's inputs to values in shared memory, and back to its
// outputs (see fft_mma_tables.cuh). A warp takes the columns of a unit; a lane loads, and stores, pieces of
// Config::columns neighbouring tokens of its rows, which are 256 tokens apart.

#include "long_conv/fft_mma_scale.cuh"
#include "long_conv/fft_mma_tile.cuh"
#include "long_conv/input.cuh"
#include "long_conv/outputs.cuh"
#include "long_conv/pending_inputs.cuh"
#include "prelude/cuda/math.cuh"

namespace chela {

/// Inputs of a warp's columns as operand B: in a register two rows' tokens of one column.
template <class Config>
class OuterInputs {
    using Element = typename Config::Element;
    static constexpr int outer = Config::outer, columns = Config::columns, packet = Config::row_packet,
                         pairs = outer / 8, row_pieces = columns / packet;
    static_assert(columns % packet == 0);

  public:
    /// `first` is the token of row 0 in column 0; `whole` where all are in the sequence.
    template <bool whole, class Arguments>
    CHELA_DEVICE void load(const Arguments& arguments, int batch, int channel, int first,
                           const UnitColumns<Config>& unit) {
        using Inputs = PendingInputs<Config>;
        constexpr int most = 8 / Inputs::pieces / row_pieces / 2,
                      together = most < 1       ? 1
                                 : most < pairs ? most
                                                : pairs; // pairs on their way at once
        const int own = first + 256 * 2 * (lane() % 4) + unit.column(lane() / 4, 0);
#pragma unroll
        for (int begin = 0; begin < pairs; begin += together) {
            Inputs pending[together][2][row_pieces];
#pragma unroll
            for (int i = 0; i < together; ++i)
#pragma unroll
                for (int row = 0; row < 2; ++row)
#pragma unroll
                    for (int j = 0; j < row_pieces; ++j)
                        pending[i][row][j].template ask<whole>(
                            arguments, batch, channel, own + 256 * (8 * (begin + i) + row) + packet * j);
#pragma unroll
            for (int i = 0; i < together; ++i)
#pragma unroll
                for (int j = 0; j < row_pieces; ++j) {
                    const auto even = pending[i][0][j].take(arguments, channel),
                               odd = pending[i][1][j].take(arguments, channel);
#pragma unroll
                    for (int word = 0; word < packet / 2; ++word) {
                        const uint32 low = even.word(word), high = odd.word(word);
                        value_[begin + i][packet * j + 2 * word] = low_halves(low, high);
                        value_[begin + i][packet * j + 2 * word + 1] = high_halves(low, high);
                    }
                }
        }
    }

    /// Of the warp's, by absolute value.
    CHELA_DEVICE float largest() const {
        constexpr uint32 magnitudes = 0x7fff7fffu;
        uint32 most = 0;
#pragma unroll
        for (int i = 0; i < pairs; ++i)
#pragma unroll
            for (int j = 0; j < columns; ++j) most = maximum2<Element>(most, value_[i][j] & magnitudes);
#pragma unroll
        for (int mask = 16; mask > 0; mask /= 2) most = maximum2<Element>(most, shuffle_xor(most, mask));
        return maximum(unpack_low<Element>(most), unpack_high<Element>(most));
    }

    CHELA_DEVICE void scale(const PowerOfTwo& by) {
#pragma unroll
        for (int i = 0; i < pairs; ++i)
#pragma unroll
            for (int j = 0; j < columns; ++j) value_[i][j] = by.down2<Element>(value_[i][j]);
    }

    /// The sums over all rows for ka = 8 tile + group: the real parts of a column tile's columns 2 member and
    /// the next, then the imaginary ones. `turned` is for -i times the inputs.
    template <bool turned>
    CHELA_DEVICE void sum_rows(float (&sum)[columns][4], const FftTables<Config>& tables, int tile) const {
        constexpr int steps = outer < 16 ? 1 : outer / 16;
#pragma unroll
        for (int step = 0; step < steps; ++step)
#pragma unroll
            for (int part = 0; part < FftTables<Config>::outer_parts; ++part) {
                FragmentA a = tables.outer_forward(tile, step, part);
                if constexpr (turned) a = {{a.r[1], negate2(a.r[0]), a.r[3], negate2(a.r[2])}};
#pragma unroll
                for (int j = 0; j < columns; ++j)
                    if constexpr (outer < 16) {
                        const uint32 half[2] = {a.r[0], a.r[1]}, rows[1] = {value_[0][j]};
                        mma_m16n8k8<Element>(sum[j], half, rows);
                    } else {
                        const uint32 rows[2] = {value_[2 * step][j], value_[2 * step + 1][j]};
                        mma_m16n8k16<Element>(sum[j], a.r, rows);
                    }
            }
    }

  private:
    uint32 value_[pairs][columns];
};

/// The sums over rows of all of the warp's columns, turned, to the sequence's shared memory; or, of the
/// inputs that a longer sequence has before, added to what is there already.
template <class Config, bool are_before>
CHELA_DEVICE void outer_forward(const Exchange<Config::transform>& shared, const FftTables<Config>& tables,
                                const OuterInputs<Config>& inputs, int unit) {
    using Shared = Exchange<Config::transform>;
    constexpr int columns = Config::columns;
    const int first = UnitColumns<Config>(unit).column(2 * (lane() % 4), 0),
              own = Shared::row(lane() / 4) ^ Shared::pair(first / 16, first % 16);
#pragma unroll 1 // one tile's sums at a time: there are no registers for more
    for (int tile = 0; tile < Config::outer / 8; ++tile) {
        float sum[columns][4] = {};
        inputs.template sum_rows<are_before>(sum, tables, tile);
#pragma unroll
        for (int j = 0; j < columns; j += 2) {
            const HalfComplex4 turns = tables.turns(unit, tile, j);
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                auto& to = shared.template at<Vector8>(own ^ Shared::row(8 * tile) ^ Shared::pair(0, j + i));
                HalfComplex2 value = multiply(rounded(sum[j + i]), turns.value[i]);
                if constexpr (are_before) {
                    constexpr uint32 ones = 0x3c003c00u;
                    value = {fused_multiply_add2(value.re, ones, to.x),
                             fused_multiply_add2(value.im, ones, to.y)};
                }
                to = {value.re, value.im};
            }
        }
    }
}

/// Calls put(token, words) for the outputs of neighbouring tokens, times `scale`, two to a word.
template <class Config, class Put>
CHELA_DEVICE void outer_backward(const Exchange<Config::transform>& shared, const FftTables<Config>& tables,
                                 float scale, int unit, const Put& put) {
    using Shared = Exchange<Config::transform>;
    using Element = typename Config::Element;
    constexpr int columns = Config::columns, outer = Config::outer, tiles = outer < 16 ? 1 : outer / 16,
                  rows = outer < 16 ? 1 : 2; // of a lane, in a tile
    const UnitColumns<Config> of(unit);
    // Column g of a tile is that of the unit's place g / 2 + g % 2 * 4: a lane's two sums are 4 pieces apart,
    // and those that lanes store together next to each other.
    const int member = lane() % 4, group = lane() / 4, place = group / 2 + group % 2 * 4,
              own = Shared::row(member) ^ Shared::value(of.column(place, 0));
    uint32 output[tiles][rows][2][columns / 2];
#pragma unroll
    for (int first = 0; first < columns; first += 4) { // column tile
        float sum[tiles][4][4] = {};
#pragma unroll
        for (int step = 0; step < outer / 8; ++step) {
            uint32 operand[4][2];
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int other = Shared::row(8 * step + 4 * half) ^ Shared::value(first);
                const auto& four = shared.template at<const Vector16>(own ^ other);
                operand[0][half] = four.x, operand[1][half] = four.y;
                operand[2][half] = four.z, operand[3][half] = four.w;
            }
#pragma unroll
            for (int tile = 0; tile < tiles; ++tile) {
                const FragmentA a = tables.outer_backward(tile, step);
#pragma unroll
                for (int j = 0; j < 4; ++j) mma_m16n8k16<fp16>(sum[tile][j], a.r, operand[j]);
            }
        }
#pragma unroll
        for (int tile = 0; tile < tiles; ++tile)
#pragma unroll
            for (int row = 0; row < rows; ++row)
#pragma unroll
                for (int column = 0; column < 2; ++column)
#pragma unroll
                    for (int j = 0; j < 4; j += 2)
                        output[tile][row][column][(first + j) / 2] =
                            pack2<Element>(output_of(scale * sum[tile][j][2 * row + column]),
                                           output_of(scale * sum[tile][j + 1][2 * row + column]));
    }
#pragma unroll
    for (int tile = 0; tile < tiles; ++tile)
#pragma unroll
        for (int row = 0; row < rows; ++row)
#pragma unroll
            for (int column = 0; column < 2; ++column)
                put(256 * (16 * tile + 8 * row + group) + of.column(member + 4 * column, 0),
                    output[tile][row][column]);
}

} // namespace chela
