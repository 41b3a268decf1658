#pragma once
// Complex numbers, roots of unity that the compiler knows, and butterflies of two values.

#include "prelude/cuda/math.cuh"
#include "prelude/cuda/trigonometry.cuh"

namespace chela {

struct alignas(8) Complex {
    float re, im;
};

CHELA_DEVICE Complex multiply(Complex a, Complex b) {
    return {fused_multiply_add(-a.im, b.im, a.re * b.re), fused_multiply_add(a.im, b.re, a.re * b.im)};
}
/// exp(i pi x).
CHELA_DEVICE Complex unit(float x) {
    Complex value;
    sine_cosine_pi(x, value.im, value.re);
    return value;
}

/// exp(i pi numerator / 64), numerator from -64 to 64, by Taylor's series in double: exact to the rounding.
template <int numerator>
class Root {
    struct Pair {
        double re, im;
    };
    static CHELA_DEVICE constexpr Pair series() {
        constexpr double angle = 3.14159265358979323846 * numerator / 64;
        Pair sum{0, 0};
        double term = 1;
        for (int power = 0; power < 32; power += 2) {
            sum.re += term;
            term *= angle / (power + 1);
            sum.im += term;
            term *= -angle / (power + 2);
        }
        return sum;
    }

  public:
    static constexpr float re = static_cast<float>(series().re), im = static_cast<float>(series().im);
};

/// a, b <- a + w b, a - w b in six instructions.
CHELA_DEVICE void butterfly(Complex& a, Complex& b, Complex w) {
    const Complex sum = {fused_multiply_add(-w.im, b.im, fused_multiply_add(w.re, b.re, a.re)),
                         fused_multiply_add(w.im, b.re, fused_multiply_add(w.re, b.im, a.im))};
    b = {fused_multiply_add(2.0f, a.re, -sum.re), fused_multiply_add(2.0f, a.im, -sum.im)};
    a = sum;
}
/// The same where w = exp(i pi numerator / 64).
template <int numerator>
CHELA_DEVICE void butterfly(Complex& a, Complex& b) {
    if constexpr (numerator == 0) {
        const Complex sum = {a.re + b.re, a.im + b.im};
        b = {a.re - b.re, a.im - b.im};
        a = sum;
    } else if constexpr (numerator == 32 || numerator == -32) { // i or -i
        constexpr float sign = numerator / 32;
        const Complex sum = {a.re - sign * b.im, a.im + sign * b.re};
        b = {a.re + sign * b.im, a.im - sign * b.re};
        a = sum;
    } else {
        butterfly(a, b, {Root<numerator>::re, Root<numerator>::im});
    }
}

/// A number that the compiler knows inside of an unrolled loop.
template <int number>
struct Index {
    static constexpr int value = number;
};
/// Calls body(Index<0>()), body(Index<1>()), … `count` times.
template <int count, int first = 0, class Body>
CHELA_DEVICE void unrolled(const Body& body) {
    if constexpr (first < count) {
        body(Index<first>());
        unrolled<count, first + 1>(body);
    }
}

} // namespace chela
