#pragma once
// Functions that the processor has no instruction for.

#include "prelude/cpu/elements.h"

namespace chela {

/// 2^x, relative error below 2^-22; zero below -126, infinity from 127.5 on, NaN of NaN.
CHELA_INLINE Vector exp2(Vector x) {
    const Vector bounded = x > broadcast(-126.0f) ? x : broadcast(-126.0f); // a NaN too
    const Vector near = bounded < broadcast(127.5f) ? bounded : broadcast(127.5f);
    const Vector half = near < broadcast(0.0f) ? broadcast(-0.5f) : broadcast(0.5f);
    const IntVector whole = __builtin_convertvector(near + half, IntVector);
    const Vector rest = near - __builtin_convertvector(whole, Vector); // from -1/2 to 1/2
    // The Taylor series of exp(rest ln 2) to the seventh power: what is left out is below 2^-27.
    constexpr float series[] = {1.5252734e-5f, 1.5403530e-4f, 1.3333558e-3f, 9.6181291e-3f,
                                5.5504109e-2f, 2.4022651e-1f, 6.9314718e-1f, 1.0f};
    Vector power = broadcast(series[0]);
#pragma clang loop unroll(full)
    for (int i = 1; i < 8; ++i) power = power * rest + broadcast(series[i]);
    const Vector result = power * as_float(BitsVector(whole + 127) << 23);
    const Vector number = x < broadcast(-126.0f) ? broadcast(0.0f) : result;
    return x == x ? number : x;
}

/// e^x.
CHELA_INLINE Vector exp(Vector x) { return exp2(x * broadcast(1.44269504f)); }

} // namespace chela
