#pragma once
// Scalar types of the kernels and their conversions: the emulated twin of prelude/cuda/types.cuh.

#include "prelude/emulator/engine.cuh"

#define CHELA_DEVICE __device__ __forceinline__

namespace chela {

using uint8 = unsigned char;
using uint16 = unsigned short;
using int32 = int;
using uint32 = unsigned int;
using int64 = long long;
using uint64 = unsigned long long;

struct bf16 {
    uint16 bits;
};
struct fp16 {
    uint16 bits;
};
struct tf32 {
    uint32 bits;
};

struct alignas(16) Vector16 {
    uint32 x, y, z, w;
};
struct alignas(8) Vector8 {
    uint32 x, y;
};

CHELA_DEVICE float bits_to_float(uint32 bits) { return __builtin_bit_cast(float, bits); }
CHELA_DEVICE uint32 float_to_bits(float value) { return __builtin_bit_cast(uint32, value); }
CHELA_DEVICE bool is_nan_bits(uint32 bits) { return (bits & 0x7fffffffu) > 0x7f800000u; }

CHELA_DEVICE float to_float(float value) { return value; }
CHELA_DEVICE float to_float(bf16 value) { return bits_to_float(static_cast<uint32>(value.bits) << 16); }
CHELA_DEVICE float to_float(fp16 value) {
    return static_cast<float>(__builtin_bit_cast(_Float16, value.bits));
}

template <class T>
CHELA_DEVICE T from_float(float value);
template <>
CHELA_DEVICE float from_float<float>(float value) {
    return value;
}
/// Ties to even; every NaN becomes 0x7fff, as the hardware's conversions do.
template <>
CHELA_DEVICE bf16 from_float<bf16>(float value) {
    const uint32 bits = float_to_bits(value);
    if (is_nan_bits(bits)) return {0x7fff};
    return {static_cast<uint16>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
}
template <>
CHELA_DEVICE fp16 from_float<fp16>(float value) {
    if (is_nan_bits(float_to_bits(value))) return {0x7fff};
    return {__builtin_bit_cast(uint16, static_cast<_Float16>(value))};
}

/// Ties away from zero.
CHELA_DEVICE uint32 to_tf32(float value) {
    const uint32 bits = float_to_bits(value);
    if (is_nan_bits(bits)) return bits & ~0x1fffu; // as an H200 does: the payload is cut, not replaced
    return (bits + 0x1000u) & ~0x1fffu;
}

template <class T>
CHELA_DEVICE uint32 pack2(float low, float high) {
    return from_float<T>(low).bits | static_cast<uint32>(from_float<T>(high).bits) << 16;
}
template <class T>
CHELA_DEVICE float unpack_low(uint32 pair) {
    return to_float(T{static_cast<uint16>(pair & 0xffffu)});
}
template <class T>
CHELA_DEVICE float unpack_high(uint32 pair) {
    return to_float(T{static_cast<uint16>(pair >> 16)});
}

/// Address in the shared window, as descriptors hold it.
CHELA_DEVICE uint32 shared_address(const void* shared) { return chela_emulator_shared_offset(shared); }

} // namespace chela
