#pragma once
// Between the float64 of the host and the element types of devices, and random values to test with.

#include "codegen/tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace chela {

/// Rounds to nearest, ties to even, once (never through another format). Too large becomes infinity, too
/// small a subnormal or zero of the same sign; a NaN stays one.
std::uint16_t to_bf16(double);
std::uint16_t to_fp16(double);
/// Exact.
double from_bf16(std::uint16_t);
double from_fp16(std::uint16_t);

/// `to` has room for one element per value, in the byte order of the host.
void encode(std::span<const double> values, DType, std::byte* to);
/// One value per element from `from`.
void decode(const std::byte* from, DType, std::span<double> values);
/// The value as the dtype represents it: of int32 the nearest whole number in its range.
double round_to(DType, double value);
/// The smallest positive value of the dtype, a subnormal.
double smallest(DType);
/// The least magnitude that rounds to infinity.
double overflow_threshold(DType);
/// The index of the first NaN or infinity, or `count` where there is none.
std::size_t first_nonfinite(const std::byte* elements, DType, std::size_t count);

/// The generator behind RandomValues: 64 mixed bits of a counter (SplitMix64; Steele, Lea and Flood, 2014).
inline std::uint64_t mix_bits(std::uint64_t counter) {
    std::uint64_t bits = counter * 0x9e3779b97f4a7c15;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
    return bits ^ bits >> 31;
}

/// Values of a normal-like distribution (mean 0, variance 1, within ±3.47), each a function of seed, tensor
/// name and element index alone: the same on every machine, in any order, for any part of a tensor.
class RandomValues {
  public:
    RandomValues(std::uint64_t seed, std::string_view tensor);
    double operator()(std::uint64_t index) const {
        // The sum of four uniform numbers: integers until the last step, so that every machine agrees.
        const std::uint64_t bits = mix_bits(key_ + index);
        const auto sum = static_cast<std::int64_t>((bits & 0xffff) + (bits >> 16 & 0xffff) +
                                                   (bits >> 32 & 0xffff) + (bits >> 48));
        constexpr double mean = 2.0 * 65535, deviation = 37837.2; // of the sum: sqrt(4 (2^32 - 1) / 12)
        return (static_cast<double>(sum) - mean) / deviation;
    }

  private:
    std::uint64_t key_;
};

} // namespace chela
