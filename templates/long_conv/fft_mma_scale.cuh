#pragma once
// Powers of two that bring numbers into the range of fp16.

#include "prelude/cuda/pairs.cuh"

namespace chela {

/// 2^exponent and its inverse: numbers of which `largest` is the largest come to lie below 2.
class PowerOfTwo {
    static constexpr int bias = 127;

  public:
    CHELA_DEVICE explicit PowerOfTwo(float largest, int least = 1 - bias, int most = bias - 1) {
        const int exponent = static_cast<int>(float_to_bits(largest) >> 23 & 0xffu) - bias;
        exponent_ = exponent > most ? most : exponent < least ? least : exponent;
    }
    CHELA_DEVICE float up() const { return of(exponent_); }
    CHELA_DEVICE float down() const { return of(-exponent_); }

    /// Two numbers, brought down.
    template <class T>
    CHELA_DEVICE uint32 down2(uint32 pair) const;

  private:
    static CHELA_DEVICE float of(int exponent) {
        return bits_to_float(static_cast<uint32>(bias + exponent) << 23);
    }
    template <class T>
    static CHELA_DEVICE uint32 both(int exponent) {
        return pack2<T>(of(exponent), of(exponent));
    }
    int exponent_;
};
template <>
CHELA_DEVICE uint32 PowerOfTwo::down2<bf16>(uint32 pair) const {
    return multiply2<bf16>(pair, both<bf16>(-exponent_));
}
/// fp16 goes down to 2^-24 and up to below 2^16, and its powers do not: in two steps.
template <>
CHELA_DEVICE uint32 PowerOfTwo::down2<fp16>(uint32 pair) const {
    const int half = exponent_ / 2;
    return multiply2<fp16>(multiply2<fp16>(pair, both<fp16>(half - exponent_)), both<fp16>(-half));
}

} // namespace chela
