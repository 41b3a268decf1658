#pragma once
// The transform of fft_mma in parts that tensor cores multiply by, as the launch that prepares stores them.
//
// Modulo X^N - i, N = 256 A, a polynomial's value at the k-th root exp(2 pi i (k + 1/4) / N) is a sum over
// n = 256 a + m, m = 16 b + c, taken digit by digit with k = ka + A (kb + 16 kc):
//     outer    exp(2 pi i a (ka + 1/4) / A)      one matrix, A × A
//     turn     exp(2 pi i m (ka + 1/4) / N)      of each value
//     inner    exp(2 pi i b kb / 16)             one matrix, 16 × 16
//     twiddle  exp(2 pi i c kb / 256)            of each value
//     inner    exp(2 pi i c kc / 16)
// Back go the same numbers in the opposite order, on values whose imaginary parts are negated.
//
// Values are fp16, two to a register: with member = lane % 4 and group = lane / 4, a lane has those of
// columns 2 member and 2 member + 1, real parts in one register and imaginary parts in another. These are the
// halves of a step of the next product: what was summed over rows is at once its operand. In what order
// digits are rows or columns does not matter, as long as it is one order, inner_digit(): then one fragment
// serves all four products with the inner matrix, and one set of twiddles both ways.

#include "prelude/cuda/pairs.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/fragments.cuh"

namespace chela {

/// Two complex numbers in fp16.
struct HalfComplex2 {
    uint32 re, im;
};
struct alignas(16) HalfComplex4 {
    HalfComplex2 value[2];
};
CHELA_DEVICE HalfComplex2 multiply(HalfComplex2 a, HalfComplex2 b) {
    return {fused_multiply_add2(negate2(a.im), b.im, multiply2<fp16>(a.re, b.re)),
            fused_multiply_add2(a.im, b.re, multiply2<fp16>(a.re, b.im))};
}
/// The same with the imaginary part negated.
CHELA_DEVICE HalfComplex2 multiply_conjugated(HalfComplex2 a, HalfComplex2 b) {
    return {fused_multiply_add2(negate2(a.im), b.im, multiply2<fp16>(a.re, b.re)),
            fused_multiply_add2(negate2(a.im), b.re, multiply2<fp16>(negate2(a.re), b.im))};
}

/// A lane's sums of two columns, real parts before imaginary ones, rounded.
CHELA_DEVICE HalfComplex2 rounded(const float (&sum)[4]) {
    return {pack2<fp16>(sum[0], sum[1]), pack2<fp16>(sum[2], sum[3])};
}

/// The digit of row or column `place` < 8 in tile `tile` < 2.
CHELA_DEVICE constexpr int inner_digit(int tile, int place) { return 8 * tile + place; }

/// The columns m of which a warp sums up rows: 8 pieces of neighbouring ones, 8 from one to the next. Those
/// of a piece are its column tiles; `place` is a column's number in a tile, or its piece's.
template <class Config>
struct UnitColumns {
    static constexpr int columns = Config::columns, of_line = 8 / columns; // units
    int first;
    CHELA_DEVICE explicit UnitColumns(int unit) : first(64 * (unit / of_line) + columns * (unit % of_line)) {}
    CHELA_DEVICE int column(int place, int tile) const { return first + 8 * place + tile; }
};

/// Where in the table what lies, in words, and what its numbers are multiplied by.
template <class Config>
struct FftTableLayout {
    static constexpr int outer = Config::outer, fragment = 4 * 32, // of all lanes
        outer_steps = outer < 16 ? 1 : outer / 16;
    //@if dtype == bf16
    static constexpr int outer_parts = 2; ///< the matrix rounded, and what rounding took from it
    //@else
    static constexpr int outer_parts = 1;
    //@end
    static constexpr int backward_at = outer / 8 * outer_steps * outer_parts * fragment,
                         inner_at = backward_at + outer_steps * (outer / 8) * fragment,
                         twiddles_at = inner_at + 4 * fragment, turns_at = twiddles_at + 2 * fragment,
                         turns_back_at = turns_at + Config::transform,
                         words = turns_back_at + Config::transform;
    /// Powers of two that keep values about as large as they are.
    static constexpr float outer_scale = outer <= 16 ? 0.25f : 0.125f, inner_scale = 0.25f;
    /// What is left of a sum over all digits there and back, each 1 / its number of values.
    static constexpr float sums_scale = 1.0f / (static_cast<float>(outer) * outer_scale * outer_scale);
};

template <class Config>
class FftTables : public FftTableLayout<Config> {
    using Layout = FftTableLayout<Config>;
    static constexpr int outer = Layout::outer, fragment = Layout::fragment;

  public:
    CHELA_DEVICE explicit FftTables(const uint32* table) : table_(table) {}

    /// For a step's rows a = 16 step + 8 half + 2 member and the next, the real parts of ka = 8 tile + group
    /// in rows below 8, the imaginary ones in the others.
    CHELA_DEVICE FragmentA outer_forward(int tile, int step, int part) const {
        return fragment_at(((tile * Layout::outer_steps + step) * Layout::outer_parts + part) * fragment);
    }
    /// For a step's values ka = 8 step + 4 half + member, each a pair of its parts, the real parts of
    /// a = 16 tile + row.
    CHELA_DEVICE FragmentA outer_backward(int tile, int step) const {
        return fragment_at(Layout::backward_at + (tile * (outer / 8) + step) * fragment);
    }
    /// For a step's digits inner_digit(step, column), real parts before imaginary ones, the parts of
    /// inner_digit(tile, group) in rows as above.
    CHELA_DEVICE FragmentA inner(int tile, int step) const {
        return fragment_at(Layout::inner_at + (2 * tile + step) * fragment);
    }
    /// Of row inner_digit(row_tile, group), and of columns inner_digit(0, 2 member) and the next, and then of
    /// tile 1's.
    CHELA_DEVICE HalfComplex4 twiddles(int row_tile) const {
        return at<HalfComplex4>(Layout::twiddles_at + row_tile * fragment);
    }
    /// Of ka = 8 tile + group and the unit's columns in places 2 member and the next, of an even column tile
    /// and the next.
    CHELA_DEVICE HalfComplex4 turns(int unit, int tile, int column_tile) const {
        return at<HalfComplex4>(Layout::turns_at +
                                ((unit * (outer / 8) + tile) * (Config::columns / 2) + column_tile / 2) *
                                    fragment);
    }
    /// Of ka, for b = inner_digit(row_tile, group) and c = inner_digit(0, 2 member) and the next, and then of
    /// tile 1's.
    CHELA_DEVICE HalfComplex4 turns_back(int ka, int row_tile) const {
        return at<HalfComplex4>(Layout::turns_back_at + (2 * ka + row_tile) * fragment);
    }

  private:
    template <class T>
    CHELA_DEVICE T at(int offset) const {
        static_assert(sizeof(T) == 16 && alignof(T) == 16);
        return *reinterpret_cast<const T*>(table_ + offset + 4 * lane());
    }
    CHELA_DEVICE FragmentA fragment_at(int offset) const {
        const auto four = at<Vector16>(offset);
        return {{four.x, four.y, four.z, four.w}};
    }

    const uint32* const table_;
};

/// What is prepared: the tables, then a word for each value of the spectra of all channels, then a scale for
/// each channel.
template <class Config, class Arguments>
CHELA_DEVICE uint32* prepared_spectrum(const Arguments& arguments, int channel) {
    return reinterpret_cast<uint32*>(arguments.prepared) + FftTables<Config>::words +
           static_cast<int64>(channel) * Config::transform;
}
template <class Config, class Arguments>
CHELA_DEVICE float* prepared_scale(const Arguments& arguments, int channel) {
    return reinterpret_cast<float*>(prepared_spectrum<Config>(arguments, arguments.channels)) + channel;
}

} // namespace chela
