#pragma once
// Transforms of `transform` complex points modulo X^transform - i by a group of threads, `points` of them in
// the registers of each, in passes that exchange them through shared memory.
//
// Forward, X^N - u = (X^(N/2) - w) (X^(N/2) + w), w² = u: a level of butterflies a ± w b with one w for each
// polynomial so far. In the end a point is the value of the polynomial at a root of X^transform = i, the k-th
// root exp(2 pi i (1/4 + k) / transform) at the position that has the bits of k reversed. Backward,
// decimation in time from that order to the natural one: a level of butterflies a ± w b with one w for each
// position in a polynomial; what remains is to multiply value n by exp(-i pi n / (2 transform)). Neither
// direction moves anything to another position, and no factor is multiplied on its own.
//
// In all passes the w of a level are one number of the thread, its twiddle, times roots of unity that the
// compiler knows.

#include "long_conv/complex.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

CHELA_DEVICE constexpr int log2_of(int number) { return number <= 1 ? 0 : 1 + log2_of(number / 2); }
CHELA_DEVICE constexpr int reversed_bits(int number, int bits) {
    int reversed = 0;
    for (int bit = 0; bit < bits; ++bit) reversed |= (number >> bit & 1) << (bits - 1 - bit);
    return reversed;
}

/// Which points a thread holds in a pass: all bits of a position's number but `point_bits` from low(pass) on
/// are the thread's. The last pass has neighbouring points, the first has those that lie the furthest apart.
template <int transform, int points>
struct Passes {
    static constexpr int bits = log2_of(transform), point_bits = log2_of(points),
                         threads = transform / points, count = (bits + point_bits - 1) / point_bits;

    static CHELA_DEVICE constexpr int low(int pass) {
        return pass == 0 ? bits - point_bits : (count - 1 - pass) * point_bits;
    }
    /// Levels of butterflies: what does not divide evenly falls to the first pass.
    static CHELA_DEVICE constexpr int levels(int pass) {
        return pass == 0 ? bits - (count - 1) * point_bits : point_bits;
    }
    static CHELA_DEVICE constexpr int position(int pass, int thread, int point) {
        const int bit = low(pass);
        return (thread >> bit << (bit + point_bits)) | point << bit | (thread & ((1 << bit) - 1));
    }
    /// Of the position in shared memory: exchanges are free of bank conflicts.
    static CHELA_DEVICE constexpr int place(int position) { return position + (position >> point_bits); }
    static constexpr int row_pitch = place(transform);
};

/// The twiddles of all threads, in the order in which they are stored. The transform may be a part of a
/// larger one (split_columns.cuh): behind 2^above polynomials, of which it has one, or over every 2^below-th
/// position.
template <int transform, int points, int above = 0, int below = 0>
struct TwiddleTable {
    using Of = Passes<transform, points>;
    /// Passes whose twiddles are not 1 or known to the compiler.
    static constexpr int forward_from = above > 0 ? 0 : 1,
                         backward_to = below > 0 ? Of::count : Of::count - 1;

    static CHELA_DEVICE constexpr int polynomials(int pass) { return Of::threads >> Of::low(pass) << above; }
    static CHELA_DEVICE constexpr int positions(int pass) { return 1 << (Of::low(pass) + below); }
    static CHELA_DEVICE constexpr int forward(int pass, int level) {
        int at = 0;
        for (int before = forward_from; before < pass; ++before)
            at += Of::levels(before) * polynomials(before);
        return pass < Of::count ? at + level * polynomials(pass) : at;
    }
    static CHELA_DEVICE constexpr int backward(int pass, int level) {
        int at = forward(Of::count, 0);
        for (int before = 0; before < pass; ++before) at += Of::levels(before) * positions(before);
        return pass < Of::count ? at + level * positions(pass) : at;
    }
    static constexpr int ending = backward(backward_to, 0),
                         entries = ending + (above > 0 ? 0 : Of::threads << below);

    static CHELA_DEVICE Complex computed_forward(int pass, int level, int polynomial) {
        const int depth = log2_of(polynomials(pass));
        return unit(static_cast<float>(1 + 4 * reversed_bits(polynomial, depth)) /
                    static_cast<float>(4 << (depth + level)));
    }
    static CHELA_DEVICE Complex computed_backward(int pass, int level, int position) {
        const int bit = below + Of::low(pass) + Of::point_bits - Of::levels(pass) + level;
        return unit(-static_cast<float>(position) / static_cast<float>(1 << bit));
    }
    static CHELA_DEVICE Complex computed_ending(int position) {
        return unit(-static_cast<float>(position) / static_cast<float>(2 * transform << below));
    }
    /// All of them, by all threads of the launch.
    static CHELA_DEVICE void write(Complex* table) {
        const int first = static_cast<int>(block_index()) * block_threads() + thread_index(),
                  step = static_cast<int>(grid_blocks()) * block_threads();
#pragma unroll 1
        for (int pass = forward_from; pass < Of::count; ++pass)
#pragma unroll 1
            for (int i = first; i < Of::levels(pass) * polynomials(pass); i += step)
                table[forward(pass, 0) + i] =
                    computed_forward(pass, i / polynomials(pass), i % polynomials(pass));
#pragma unroll 1
        for (int pass = 0; pass < backward_to; ++pass)
#pragma unroll 1
            for (int i = first; i < Of::levels(pass) * positions(pass); i += step)
                table[backward(pass, 0) + i] =
                    computed_backward(pass, i / positions(pass), i % positions(pass));
#pragma unroll 1
        for (int i = first; i < entries - ending; i += step) table[ending + i] = computed_ending(i);
    }
};

/// Pairs of points in registers that a level's butterflies take, those of one root r of `roots` after
/// another.
template <int points, int level, bool is_backward>
struct Level {
    static constexpr int roots = 1 << level, half = is_backward ? roots : points / 2 / roots,
                         pairs = points / 2 / roots;
    static CHELA_DEVICE constexpr int first(int root, int pair) {
        return is_backward ? pair * 2 * half + root : reversed_bits(root, level) * 2 * half + pair;
    }
    static constexpr int sign = is_backward ? -1 : 1;

    /// w = twiddle * exp(±i pi r / roots).
    static CHELA_DEVICE void apply(Complex (&value)[points], Complex twiddle) {
        unrolled<(roots + 1) / 2>([&](auto index) {
            constexpr int r = index.value, numerator = sign * 64 * r / roots;
            const Complex w =
                r == 0 ? twiddle : multiply(twiddle, {Root<numerator>::re, Root<numerator>::im});
            butterflies<r>(value, w);
            if constexpr (roots > 1) butterflies<r + roots / 2>(value, {-sign * w.im, sign * w.re});
        });
    }
    /// w = exp(i pi (1/4 + r) / roots) forward, exp(-i pi r / roots) backward: the twiddle is known.
    static CHELA_DEVICE void apply(Complex (&value)[points]) {
        unrolled<roots>([&](auto index) {
            constexpr int r = index.value,
                          numerator = is_backward ? -64 * r / roots : 16 * (1 + 4 * r) / roots;
            unrolled<pairs>([&](auto pair) {
                constexpr int a = first(r, pair.value);
                butterfly<numerator>(value[a], value[a + half]);
            });
        });
    }

  private:
    template <int r>
    static CHELA_DEVICE void butterflies(Complex (&value)[points], Complex w) {
        unrolled<pairs>([&](auto pair) {
            constexpr int a = first(r, pair.value);
            butterfly(value[a], value[a + half], w);
        });
    }
};

} // namespace chela
