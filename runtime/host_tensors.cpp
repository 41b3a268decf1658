#include "runtime/host_tensors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace chela {
namespace {

/// A binary floating-point format of 16 bits, as IEEE 754 lays it out.
template <int exponent_bits, int mantissa_bits>
struct Format16 {
    static constexpr int bias = (1 << (exponent_bits - 1)) - 1;
    static constexpr int least_exponent = 1 - bias;
    static constexpr std::uint16_t infinity = ((1 << exponent_bits) - 1) << mantissa_bits;
    static constexpr std::uint16_t quiet_nan = infinity | 1 << (mantissa_bits - 1);

    static std::uint16_t round(double value) {
        const auto bits = std::bit_cast<std::uint64_t>(value);
        const auto sign = static_cast<std::uint16_t>(bits >> 63 << 15);
        if (std::isnan(value)) return sign | quiet_nan;

        const int exponent = static_cast<int>(bits >> wide_mantissa_bits & 0x7ff) - wide_bias;
        std::uint64_t significand = bits & ((std::uint64_t{1} << wide_mantissa_bits) - 1);
        if (exponent > bias) return sign | infinity;
        int dropped = wide_mantissa_bits - mantissa_bits;
        std::uint64_t result = 0;
        if (exponent >= least_exponent) {
            result = static_cast<std::uint64_t>(exponent + bias) << mantissa_bits;
        } else { // subnormal: the leading one is written out, and more bits are dropped
            significand |= std::uint64_t{1} << wide_mantissa_bits;
            dropped += least_exponent - exponent;
            if (dropped > wide_mantissa_bits + 1) return sign;
        }
        const std::uint64_t rest = significand & ((std::uint64_t{1} << dropped) - 1);
        const std::uint64_t half = std::uint64_t{1} << (dropped - 1);
        result += significand >> dropped;
        // Up where more than half is dropped, or half of an odd one. A branch would be mispredicted half the
        // time.
        result += rest + (result & 1) > half; // may carry into the exponent, up to infinity
        return static_cast<std::uint16_t>(sign | result);
    }

    static double widen(std::uint16_t bits) {
        const std::uint64_t sign = static_cast<std::uint64_t>(bits >> 15) << 63;
        const std::uint64_t exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1);
        const std::uint64_t mantissa = bits & ((1 << mantissa_bits) - 1);
        if (exponent == 0) {
            constexpr double quantum = power_of_two(least_exponent - mantissa_bits);
            const double magnitude = static_cast<double>(mantissa) * quantum;
            return sign ? -magnitude : magnitude;
        }
        constexpr std::uint64_t all_ones = (1 << exponent_bits) - 1;
        const std::uint64_t wide_exponent = exponent == all_ones ? 0x7ff : exponent + (wide_bias - bias);
        return std::bit_cast<double>(sign | wide_exponent << wide_mantissa_bits |
                                     mantissa << (wide_mantissa_bits - mantissa_bits));
    }

  private:
    static constexpr int wide_mantissa_bits = 52, wide_bias = 1023; // of double
    static constexpr double power_of_two(int exponent) {
        return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + wide_bias) << wide_mantissa_bits);
    }
};

using Bf16 = Format16<8, 7>;
using Fp16 = Format16<5, 10>;

template <class Stored, class Convert>
void encode_as(std::span<const double> values, std::byte* to, Convert convert) {
    for (const double value : values) {
        const Stored stored = convert(value);
        std::memcpy(to, &stored, sizeof stored);
        to += sizeof stored;
    }
}

template <class Stored, class Convert>
void decode_as(const std::byte* from, std::span<double> values, Convert convert) {
    for (double& value : values) {
        Stored stored;
        std::memcpy(&stored, from, sizeof stored);
        value = convert(stored);
        from += sizeof stored;
    }
}

float to_fp32(double value) { return static_cast<float>(value); }
double from_fp32(float value) { return static_cast<double>(value); }

std::int32_t to_int32(double value) {
    using Limits = std::numeric_limits<std::int32_t>;
    return static_cast<std::int32_t>(
        std::clamp(std::nearbyint(value), double{Limits::min()}, double{Limits::max()}));
}
double from_int32(std::int32_t value) { return value; }

/// An exponent of all ones is infinity or NaN in each of the formats.
template <class Bits>
std::size_t first_with_full_exponent(const std::byte* elements, Bits exponent_mask, std::size_t count) {
    constexpr std::size_t block = 4096; // a block is scanned without a branch, so that it is vectorised
    for (std::size_t start = 0; start < count; start += block) {
        const std::size_t stop = std::min(count, start + block);
        const auto full = [&](std::size_t index) {
            Bits bits;
            std::memcpy(&bits, elements + index * sizeof bits, sizeof bits);
            return (bits & exponent_mask) == exponent_mask;
        };
        bool any = false;
        for (std::size_t index = start; index < stop; ++index) any |= full(index);
        if (!any) continue;
        for (std::size_t index = start; index < stop; ++index) {
            if (full(index)) return index;
        }
    }
    return count;
}

} // namespace

std::uint16_t to_bf16(double value) { return Bf16::round(value); }
std::uint16_t to_fp16(double value) { return Fp16::round(value); }
double from_bf16(std::uint16_t bits) { return Bf16::widen(bits); }
double from_fp16(std::uint16_t bits) { return Fp16::widen(bits); }

void encode(std::span<const double> values, DType dtype, std::byte* to) {
    switch (dtype) {
    case DType::bf16:
        return encode_as<std::uint16_t>(values, to, to_bf16);
    case DType::fp16:
        return encode_as<std::uint16_t>(values, to, to_fp16);
    case DType::fp32:
        return encode_as<float>(values, to, to_fp32);
    case DType::int32:
        return encode_as<std::int32_t>(values, to, to_int32);
    }
}

void decode(const std::byte* from, DType dtype, std::span<double> values) {
    switch (dtype) {
    case DType::bf16:
        return decode_as<std::uint16_t>(from, values, from_bf16);
    case DType::fp16:
        return decode_as<std::uint16_t>(from, values, from_fp16);
    case DType::fp32:
        return decode_as<float>(from, values, from_fp32);
    case DType::int32:
        return decode_as<std::int32_t>(from, values, from_int32);
    }
}

double round_to(DType dtype, double value) {
    switch (dtype) {
    case DType::bf16:
        return from_bf16(to_bf16(value));
    case DType::fp16:
        return from_fp16(to_fp16(value));
    case DType::int32:
        return from_int32(to_int32(value));
    case DType::fp32:
        break;
    }
    return from_fp32(to_fp32(value));
}

double smallest(DType dtype) {
    switch (dtype) {
    case DType::bf16:
        return from_bf16(1);
    case DType::fp16:
        return from_fp16(1);
    case DType::int32:
        return 1;
    case DType::fp32:
        break;
    }
    return std::numeric_limits<float>::denorm_min();
}

double overflow_threshold(DType dtype) {
    switch (dtype) { // half a unit in the last place above the largest value
    case DType::bf16:
        return 0x1.ffp127;
    case DType::fp16:
        return 65520;
    case DType::int32:
        return 0x1p31;
    case DType::fp32:
        break;
    }
    return 0x1.ffffffp127;
}

std::size_t first_nonfinite(const std::byte* elements, DType dtype, std::size_t count) {
    switch (dtype) {
    case DType::bf16:
        return first_with_full_exponent(elements, Bf16::infinity, count);
    case DType::fp16:
        return first_with_full_exponent(elements, Fp16::infinity, count);
    case DType::int32:
        return count;
    case DType::fp32:
        break;
    }
    return first_with_full_exponent(elements, std::uint32_t{0x7f800000}, count);
}

RandomValues::RandomValues(std::uint64_t seed, std::string_view tensor) : key_(mix_bits(seed + 1)) {
    for (const char letter : tensor) key_ = mix_bits(key_ ^ static_cast<unsigned char>(letter));
}

} // namespace chela
