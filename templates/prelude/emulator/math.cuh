#pragma once
// Floating-point instructions: the emulated twin of prelude/cuda/math.cuh. The approximations are computed
// exactly rounded or nearly so, which lies within the hardware's error bounds but is not bitwise the same.

#include "prelude/emulator/types.cuh"

namespace chela {

CHELA_DEVICE float fused_multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
CHELA_DEVICE float minimum(float a, float b) { return __builtin_fminf(a, b); }
CHELA_DEVICE float maximum(float a, float b) { return __builtin_fmaxf(a, b); }
CHELA_DEVICE float maximum_or_nan(float a, float b) { return a != a || b != b ? a + b : maximum(a, b); }
template <class T>
CHELA_DEVICE uint32 maximum2(uint32 a, uint32 b) {
    const auto larger = [](float x, float y) { return x != x || y != y ? x + y : __builtin_fmaxf(x, y); };
    return pack2<T>(larger(unpack_low<T>(a), unpack_low<T>(b)), larger(unpack_high<T>(a), unpack_high<T>(b)));
}
CHELA_DEVICE float absolute(float a) { return __builtin_fabsf(a); }

/// Subnormals become zero of the same sign.
CHELA_DEVICE float flush(float x) {
    const uint32 bits = float_to_bits(x);
    return (bits & 0x7f800000u) == 0 ? bits_to_float(bits & 0x80000000u) : x;
}
CHELA_DEVICE float exp2_approx(float x) { return flush(__builtin_exp2f(flush(x))); }
CHELA_DEVICE float log2_approx(float x) { return __builtin_log2f(flush(x)); }
CHELA_DEVICE float reciprocal_approx(float x) { return flush(1.0f / flush(x)); }
CHELA_DEVICE float reciprocal_sqrt_approx(float x) { return 1.0f / __builtin_sqrtf(flush(x)); }
CHELA_DEVICE float tanh_approx(float x) { return __builtin_tanhf(x); }
CHELA_DEVICE float square_root(float x) { return __builtin_sqrtf(x); }

} // namespace chela
