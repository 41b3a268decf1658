#pragma once
// The entries of the tables of fft_mma_tables.cuh, and of the spectra: for the launch that prepares.

#include "long_conv/complex.cuh"
#include "long_conv/fft_mma_tables.cuh"

namespace chela {

/// exp(2 pi i numerator / denominator), the denominator a power of two.
CHELA_DEVICE Complex root_of_unity(int numerator, int denominator) {
    return unit(2.0f * static_cast<float>(numerator & (denominator - 1)) / static_cast<float>(denominator));
}

template <class Config>
class FftEntries : FftTableLayout<Config> {
    using Element = typename Config::Element;
    using Layout = FftTableLayout<Config>;
    using Layout::outer, Layout::fragment, Layout::outer_steps, Layout::outer_parts, Layout::backward_at,
        Layout::inner_at, Layout::twiddles_at, Layout::turns_at, Layout::turns_back_at, Layout::outer_scale,
        Layout::inner_scale, Layout::words;

  public:
    /// All of them, by all threads of the launch.
    static CHELA_DEVICE void write(uint32* table) {
        const int first = static_cast<int>(block_index()) * block_threads() + thread_index(),
                  step = static_cast<int>(grid_blocks()) * block_threads();
#pragma unroll 1
        for (int i = first; i < words; i += step) table[i] = word(i, i % 4, i / 16 % 8, i / 4 % 4);
    }

  private:
    static CHELA_DEVICE uint32 word(int i, int word, int group, int member) {
        if (i < backward_at) {
            const int at = i / fragment, part = at % outer_parts, step = at / outer_parts % outer_steps,
                      ka = 8 * (at / outer_parts / outer_steps) + group,
                      a = 16 * step + 8 * (word / 2) + 2 * member;
            float value[2];
            for (int j = 0; j < 2; ++j) {
                const Complex w = root_of_unity((a + j) * (4 * ka + 1), 4 * outer);
                value[j] = outer_scale * (word % 2 ? w.im : w.re);
                if (part > 0) value[j] -= to_float(from_float<Element>(value[j]));
            }
            return pack2<Element>(value[0], value[1]);
        }
        if (i < inner_at) {
            const int at = (i - backward_at) / fragment,
                      ka = 8 * (at % (outer / 8)) + 4 * (word / 2) + member,
                      a = 16 * (at / (outer / 8)) + 8 * (word % 2) + group;
            const Complex w = root_of_unity(a * (4 * ka + 1), 4 * outer);
            return pack2<fp16>(outer_scale * w.re, -outer_scale * w.im);
        }
        if (i < twiddles_at) {
            const int tile = (i - inner_at) / fragment / 2, step = (i - inner_at) / fragment % 2;
            float value[2];
            for (int j = 0; j < 2; ++j) {
                const Complex w =
                    root_of_unity(inner_digit(tile, group) * inner_digit(step, 2 * member + j), 16);
                value[j] = inner_scale * (word == 0 || word == 3 ? w.re : word == 1 ? w.im : -w.im);
            }
            return pack2<fp16>(value[0], value[1]);
        }
        if (i < turns_at)
            return halves(word, [&](int j) {
                return root_of_unity(inner_digit((i - twiddles_at) / fragment, group) *
                                         inner_digit(word / 2, 2 * member + j),
                                     256);
            });
        if (i < turns_back_at) {
            constexpr int pairs = Config::columns / 2;
            const int at = (i - turns_at) / fragment;
            const UnitColumns<Config> of(at / pairs / (outer / 8));
            return halves(word, [&](int j) {
                return turn(8 * (at / pairs % (outer / 8)) + group,
                            of.column(2 * member + j, at % pairs * 2 + word / 2));
            });
        }
        const int at = (i - turns_back_at) / fragment;
        return halves(word, [&](int j) {
            return turn(at / 2, 16 * inner_digit(at % 2, group) + inner_digit(word / 2, 2 * member + j));
        });
    }
    static CHELA_DEVICE Complex turn(int ka, int m) {
        return root_of_unity(m * (4 * ka + 1), 4 * Config::transform);
    }
    /// The word of a HalfComplex4 with values of(0), of(1).
    template <class Of>
    static CHELA_DEVICE uint32 halves(int word, const Of& of) {
        const Complex low = of(0), high = of(1);
        return word % 2 ? pack2<fp16>(low.im, high.im) : pack2<fp16>(low.re, high.re);
    }
};

/// The spectrum as the lanes of a tile take it: a vector for each row tile, in it the values of each column
/// tile. Which half of which word a part of the value at root k is.
template <class Config>
CHELA_DEVICE int place_in_spectrum(int k, int part) {
    const int ka = k % Config::outer, kb = k / Config::outer % 16, kc = k / Config::outer / 16,
              lane_of = 4 * (kb % 8) + kc % 8 / 2;
    return 2 * (256 * ka + 128 * (kb / 8) + 4 * lane_of + 2 * (kc / 8) + part) + kc % 2;
}

} // namespace chela
