#pragma once
// Scalar types of the kernels and their conversions. Storage types hold bits; arithmetic is done in float.

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
/// Names the tensor core's 19-bit float as an operand type; the operands are fp32 bits made by to_tf32().
struct tf32 {
    uint32 bits;
};

/// The widest access of one thread.
struct alignas(16) Vector16 {
    uint32 x, y, z, w;
};
struct alignas(8) Vector8 {
    uint32 x, y;
};

CHELA_DEVICE float bits_to_float(uint32 bits) { return __uint_as_float(bits); }
CHELA_DEVICE uint32 float_to_bits(float value) { return __float_as_uint(value); }

CHELA_DEVICE float to_float(float value) { return value; }
CHELA_DEVICE float to_float(bf16 value) { return bits_to_float(static_cast<uint32>(value.bits) << 16); }
CHELA_DEVICE float to_float(fp16 value) {
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
    return result;
}

template <class T>
CHELA_DEVICE T from_float(float value);
template <>
CHELA_DEVICE float from_float<float>(float value) {
    return value;
}
template <>
CHELA_DEVICE bf16 from_float<bf16>(float value) {
    bf16 result;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
    return result;
}
template <>
CHELA_DEVICE fp16 from_float<fp16>(float value) {
    fp16 result;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
    return result;
}

/// fp32 bits rounded to tf32's ten bits of mantissa, ties away from zero.
CHELA_DEVICE uint32 to_tf32(float value) {
    uint32 result;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(result) : "f"(value));
    return result;
}

/// Two values in one register, `low` in the low half: the operand format of the 16-bit matrix instructions.
template <class T>
CHELA_DEVICE uint32 pack2(float low, float high);
template <>
CHELA_DEVICE uint32 pack2<bf16>(float low, float high) {
    uint32 result;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
}
template <>
CHELA_DEVICE uint32 pack2<fp16>(float low, float high) {
    uint32 result;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
}

/// The halves of a packed pair as floats.
template <class T>
CHELA_DEVICE float unpack_low(uint32 pair) {
    return to_float(T{static_cast<uint16>(pair & 0xffffu)});
}
template <class T>
CHELA_DEVICE float unpack_high(uint32 pair) {
    return to_float(T{static_cast<uint16>(pair >> 16)});
}

/// Address in the shared window, as PTX wants it.
CHELA_DEVICE uint32 shared_address(const void* shared) {
    return static_cast<uint32>(__cvta_generic_to_shared(shared));
}

} // namespace chela
