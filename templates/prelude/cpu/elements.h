#pragma once
// Elements as they lie in memory. Loading converts to fp32, storing rounds to nearest, ties to even.
// Both take the number of elements as a template argument, so that the end of a row costs no loop; a load
// fills the other lanes with zeros. Addresses need no alignment beyond the element's own.

#include "prelude/cpu/vector.h"

namespace chela {

struct bf16 {
    unsigned short bits;
};
struct fp16 {
    unsigned short bits;
};

using ShortVector = unsigned short __attribute__((ext_vector_type(lanes)));

CHELA_INLINE BitsVector as_bits(Vector value) { return __builtin_bit_cast(BitsVector, value); }
CHELA_INLINE Vector as_float(BitsVector bits) { return __builtin_bit_cast(Vector, bits); }

CHELA_INLINE Vector from_bf16(ShortVector half) {
    return as_float(__builtin_convertvector(half, BitsVector) << 16);
}

CHELA_INLINE ShortVector to_bf16(Vector value) {
#if defined(__AVX512BF16__) && defined(__AVX512VL__)
    // The instruction flushes subnormal numbers, below 1.2e-38, to zero.
    using Native = __bf16 __attribute__((ext_vector_type(lanes)));
    return __builtin_bit_cast(ShortVector, __builtin_convertvector(value, Native));
#else
    const BitsVector bits = as_bits(value);
    const BitsVector rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    const BitsVector quiet_nan = bits | 0x400000u; // rounding could carry a NaN into infinity or zero
    const BitsVector is_nan = BitsVector((bits & 0x7fffffffu) > 0x7f800000u);
    return __builtin_convertvector(((quiet_nan & is_nan) | (rounded & ~is_nan)) >> 16, ShortVector);
#endif
}

#if defined(__F16C__) || defined(__AVX512F__)
using NativeHalfVector = _Float16 __attribute__((ext_vector_type(lanes)));

CHELA_INLINE Vector from_fp16(ShortVector half) {
    return __builtin_convertvector(__builtin_bit_cast(NativeHalfVector, half), Vector);
}
CHELA_INLINE ShortVector to_fp16(Vector value) {
    return __builtin_bit_cast(ShortVector, __builtin_convertvector(value, NativeHalfVector));
}
#else
CHELA_INLINE BitsVector select(BitsVector mask, BitsVector if_set, BitsVector if_clear) {
    return (if_set & mask) | (if_clear & ~mask);
}

CHELA_INLINE Vector from_fp16(ShortVector half) {
    const BitsVector wide = __builtin_convertvector(half, BitsVector);
    const BitsVector magnitude = (wide & 0x7fffu) << 13;
    // The product by 2^112 moves the exponent from bias 15 to bias 127 and normalises subnormal numbers.
    const BitsVector finite = as_bits(as_float(magnitude) * 0x1p112f);
    const BitsVector is_finite = BitsVector(magnitude < 0x0f800000u);
    return as_float(select(is_finite, finite, magnitude | 0x7f800000u) | (wide & 0x8000u) << 16);
}

CHELA_INLINE ShortVector to_fp16(Vector value) {
    const BitsVector bits = as_bits(value);
    const BitsVector magnitude = bits & 0x7fffffffu;
    const BitsVector normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    // Adding 0.5 leaves the subnormal result, rounded by the addition, in the last bits of the sum.
    const BitsVector subnormal = as_bits(as_float(magnitude) + 0.5f) - 0x3f000000u;
    const BitsVector not_finite =
        select(BitsVector(magnitude > 0x7f800000u), BitsVector(0x7e00u), BitsVector(0x7c00u));
    const BitsVector finite = select(BitsVector(magnitude < 0x38800000u), subnormal, normal);
    const BitsVector is_large = BitsVector(magnitude >= 0x47800000u);
    return __builtin_convertvector(select(is_large, not_finite, finite) | (bits & 0x80000000u) >> 16,
                                   ShortVector);
}
#endif

template <int count = lanes>
CHELA_INLINE Vector load(const float* source) {
    Vector value = 0.0f;
    __builtin_memcpy(&value, source, count * sizeof(float));
    return value;
}
template <int count = lanes>
CHELA_INLINE ShortVector load_bits(const void* source) {
    ShortVector bits = 0;
    __builtin_memcpy(&bits, source, count * sizeof(unsigned short));
    return bits;
}
template <int count = lanes>
CHELA_INLINE Vector load(const bf16* source) {
    return from_bf16(load_bits<count>(source));
}
template <int count = lanes>
CHELA_INLINE Vector load(const fp16* source) {
    return from_fp16(load_bits<count>(source));
}

template <int count = lanes>
CHELA_INLINE void store(float* target, Vector value) {
    __builtin_memcpy(target, &value, count * sizeof(float));
}
template <int count = lanes>
CHELA_INLINE void store(bf16* target, Vector value) {
    const ShortVector bits = to_bf16(value);
    __builtin_memcpy(target, &bits, count * sizeof(bf16));
}
template <int count = lanes>
CHELA_INLINE void store(fp16* target, Vector value) {
    const ShortVector bits = to_fp16(value);
    __builtin_memcpy(target, &bits, count * sizeof(fp16));
}

} // namespace chela
