#pragma once
// Floating-point instructions that the language does not name, or names without saying how they round.

#include "prelude/cuda/types.cuh"

namespace chela {

/// a·b + c, rounded once.
CHELA_DEVICE float fused_multiply_add(float a, float b, float c) { return __fmaf_rn(a, b, c); }
CHELA_DEVICE float minimum(float a, float b) { return fminf(a, b); }
CHELA_DEVICE float maximum(float a, float b) { return fmaxf(a, b); }
/// NaN where one is.
CHELA_DEVICE float maximum_or_nan(float a, float b) {
    float result;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
    return result;
}
/// Of each half of two pairs; NaN where one is.
template <class T>
CHELA_DEVICE uint32 maximum2(uint32 a, uint32 b);
template <>
CHELA_DEVICE uint32 maximum2<bf16>(uint32 a, uint32 b) {
    uint32 result;
    asm("max.NaN.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
}
template <>
CHELA_DEVICE uint32 maximum2<fp16>(uint32 a, uint32 b) {
    uint32 result;
    asm("max.NaN.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
}
CHELA_DEVICE float absolute(float a) { return fabsf(a); }

// Approximations of the special function unit: relative error about 2^-22, subnormals flushed to zero.
CHELA_DEVICE float exp2_approx(float x) {
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}
CHELA_DEVICE float log2_approx(float x) {
    float result;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}
CHELA_DEVICE float reciprocal_approx(float x) {
    float result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}
CHELA_DEVICE float reciprocal_sqrt_approx(float x) {
    float result;
    asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}
/// Relative error about 2^-11.
CHELA_DEVICE float tanh_approx(float x) {
    float result;
    asm("tanh.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}
CHELA_DEVICE float square_root(float x) { return __fsqrt_rn(x); }

} // namespace chela
