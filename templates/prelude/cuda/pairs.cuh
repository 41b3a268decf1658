#pragma once
// Arithmetic of 16-bit pairs, each half on its own, rounded once; and what they are put together from.

#include "prelude/cuda/types.cuh"

namespace chela {

template <class T>
CHELA_DEVICE uint32 multiply2(uint32 a, uint32 b);
template <>
CHELA_DEVICE uint32 multiply2<fp16>(uint32 a, uint32 b) {
    uint32 result;
    asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
}
template <>
CHELA_DEVICE uint32 multiply2<bf16>(uint32 a, uint32 b) {
    constexpr uint32 minus_zeros = 0x80008000u; // mul.bf16x2 is of compute capability 9.0
    uint32 result;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(minus_zeros));
    return result;
}
/// a·b + c of fp16.
CHELA_DEVICE uint32 fused_multiply_add2(uint32 a, uint32 b, uint32 c) {
    uint32 result;
    asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
}
CHELA_DEVICE uint32 negate2(uint32 a) {
    uint32 result;
    asm("neg.f16x2 %0, %1;" : "=r"(result) : "r"(a));
    return result;
}

/// The low halves of two registers, the high ones.
CHELA_DEVICE uint32 low_halves(uint32 a, uint32 b) { return __byte_perm(a, b, 0x5410); }
CHELA_DEVICE uint32 high_halves(uint32 a, uint32 b) { return __byte_perm(a, b, 0x7632); }

} // namespace chela
