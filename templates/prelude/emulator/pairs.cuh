#pragma once
// Arithmetic of 16-bit pairs: the emulated twin of prelude/cuda/pairs.cuh.

#include "prelude/emulator/types.cuh"

namespace chela {

/// Products of two such numbers are exact in fp32.
template <class T>
CHELA_DEVICE uint32 multiply2(uint32 a, uint32 b) {
    return pack2<T>(unpack_low<T>(a) * unpack_low<T>(b), unpack_high<T>(a) * unpack_high<T>(b));
}
/// A sum in double to fp32, such that rounding it again, to fewer digits, is as rounding once: what is not
/// exact is made odd.
CHELA_DEVICE float rounded_to_odd(double sum) {
    const float value = static_cast<float>(sum);
    const uint32 bits = float_to_bits(value);
    if (static_cast<double>(value) == sum || sum != sum || bits % 2 == 1) return value;
    const bool too_large =
        (value < 0 ? -static_cast<double>(value) : static_cast<double>(value)) > (sum < 0 ? -sum : sum);
    return bits_to_float(too_large ? bits - 1 : bits + 1);
}
CHELA_DEVICE uint32 fused_multiply_add2(uint32 a, uint32 b, uint32 c) {
    const auto add = [](float x, float y, float z) {
        return rounded_to_odd(static_cast<double>(x) * static_cast<double>(y) + static_cast<double>(z));
    };
    return pack2<fp16>(add(unpack_low<fp16>(a), unpack_low<fp16>(b), unpack_low<fp16>(c)),
                       add(unpack_high<fp16>(a), unpack_high<fp16>(b), unpack_high<fp16>(c)));
}
CHELA_DEVICE uint32 negate2(uint32 a) { return a ^ 0x80008000u; }

CHELA_DEVICE uint32 low_halves(uint32 a, uint32 b) { return (a & 0xffffu) | b << 16; }
CHELA_DEVICE uint32 high_halves(uint32 a, uint32 b) { return a >> 16 | (b & 0xffff0000u); }

} // namespace chela
