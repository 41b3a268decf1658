#pragma once
// The two digits of a transform that stay in a warp's registers: the 256 values of one ka, multiplied by the
// spectrum and brought back (see fft_mma_tables.cuh).

#include "long_conv/fft_mma_exchange.cuh"
#include "long_conv/fft_mma_tables.cuh"

namespace chela {

/// The inner matrix and the twiddles, in registers for all tiles.
template <class Config>
class TileTransform {
    using Sum = float[2][2][4];
    using Tables = FftTables<Config>;
    using Shared = Exchange<Config::transform>;
    using Values = HalfComplex2[2][2]; ///< [row tile][column tile]: a row's, of two columns

  public:
    CHELA_DEVICE explicit TileTransform(const Tables& tables) : tables_(tables) {
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            twiddle_[i] = tables.twiddles(i);
#pragma unroll
            for (int j = 0; j < 2; ++j) inner_[i][j] = tables.inner(i, j);
        }
    }

    /// Tile ka, in place in a sequence's shared memory.
    CHELA_DEVICE void apply(const Shared& shared, const uint32* spectrum, int ka) const {
        const auto* const factors = reinterpret_cast<const HalfComplex4*>(spectrum + 256 * ka) + lane();
        const HalfComplex4 factor[2] = {factors[0], factors[32]};
        Values value; // columns c, b along the steps
        load(value, shared, ka);
        multiply(value);
        twist(value, true); // rows kb, c along the steps
        multiply_from_right(value);
#pragma unroll
        for (int i = 0; i < 2; ++i) // imaginary parts are negated already
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                value[i][j].im = negate2(value[i][j].im);
                value[i][j] = multiply_conjugated(value[i][j], factor[i].value[j]);
            }
        multiply(value); // columns kb, kc along the steps; then rows c, columns kb
        twist(value, false);
        Sum sum = {};
        multiply(sum, value);
        sync_warp(); // everyone has its values
        store(shared, sum, ka);
    }

  private:
    /// Columns c = inner_digit(tile, group).
    CHELA_DEVICE void load(Values& value, const Shared& shared, int ka) const {
        const int own = Shared::row(ka) ^ Shared::pair(2 * (lane() % 4), lane() / 4);
#pragma unroll
        for (int step = 0; step < 2; ++step) {
            const auto& four = shared.template at<const Vector16>(
                own ^ Shared::pair(inner_digit(step, 0), 0)); // b and b + 1
            value[0][step] = {low_halves(four.x, four.z), low_halves(four.y, four.w)};
            value[1][step] = {high_halves(four.x, four.z), high_halves(four.y, four.w)};
        }
    }
    /// Turned back: rows b, columns c.
    CHELA_DEVICE void store(const Shared& shared, const Sum& sum, int ka) const {
        const int own = Shared::row(ka) ^ Shared::value(16 * (lane() / 4) + 2 * (lane() % 4));
#pragma unroll
        for (int row = 0; row < 2; ++row) {
            const HalfComplex4 turns = tables_.turns_back(ka, row);
#pragma unroll
            for (int column = 0; column < 2; ++column) {
                const HalfComplex2 value = chela::multiply(rounded(sum[row][column]), turns.value[column]);
                const int other = Shared::value(16 * inner_digit(row, 0) + inner_digit(column, 0));
                shared.template at<Vector8>(own ^ other) = {low_halves(value.re, value.im),
                                                            high_halves(value.re, value.im)};
            }
        }
    }

    /// The matrix times the values, whose rows become the columns of the sums.
    CHELA_DEVICE void multiply(Sum& sum, const Values& value) const {
#pragma unroll
        for (int step = 0; step < 2; ++step)
#pragma unroll
            for (int row = 0; row < 2; ++row)
#pragma unroll
                for (int column = 0; column < 2; ++column) {
                    const uint32 operand[2] = {value[column][step].re, value[column][step].im};
                    mma_m16n8k16<fp16>(sum[row][column], inner_[row][step].r, operand);
                }
    }
    CHELA_DEVICE void multiply(Values& value) const {
        Sum sum = {};
        multiply(sum, value);
#pragma unroll
        for (int row = 0; row < 2; ++row)
#pragma unroll
            for (int column = 0; column < 2; ++column) value[row][column] = rounded(sum[row][column]);
    }
    /// The values, with imaginary parts negated, times the matrix: the columns of the sums are its, and the
    /// registers (re, im) of a fragment, which make -im of -im, are next to each other.
    CHELA_DEVICE void multiply_from_right(Values& value) const {
        Sum sum = {}; // [column tile][part]
#pragma unroll
        for (int step = 0; step < 2; ++step) {
            const uint32 left[4] = {value[0][step].re, value[1][step].re, value[0][step].im,
                                    value[1][step].im};
#pragma unroll
            for (int column = 0; column < 2; ++column)
#pragma unroll
                for (int part = 0; part < 2; ++part) {
                    const uint32(&r)[4] = inner_[column][step].r;
                    const uint32 right[2] = {r[2 * part], r[2 * part + 1]};
                    mma_m16n8k16<fp16>(sum[column][part], left, right);
                }
        }
#pragma unroll
        for (int row = 0; row < 2; ++row)
#pragma unroll
            for (int column = 0; column < 2; ++column) {
                const auto part = [&](int i) {
                    return pack2<fp16>(sum[column][i][2 * row], sum[column][i][2 * row + 1]);
                };
                value[row][column] = {part(0), part(1)};
            }
    }

    /// Times the twiddles; with `negated` imaginary parts.
    CHELA_DEVICE void twist(Values& value, bool negated) const {
#pragma unroll
        for (int row = 0; row < 2; ++row)
#pragma unroll
            for (int column = 0; column < 2; ++column) {
                const HalfComplex2 w = twiddle_[row].value[column];
                value[row][column] = negated ? multiply_conjugated(value[row][column], w)
                                             : chela::multiply(value[row][column], w);
            }
    }

    const Tables tables_;
    FragmentA inner_[2][2]; ///< [tile][step]
    HalfComplex4 twiddle_[2];
};

} // namespace chela
