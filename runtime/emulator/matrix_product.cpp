#include "runtime/emulator/matrix_product.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

// The inner loops are compiled for several instruction sets; the loader picks. (Sanitizers and that do not
// mix.)
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&                \
    !defined(__clang__)
#define CHELA_EVERY_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CHELA_EVERY_CPU
#endif

namespace chela::emulator {

namespace {

constexpr int max_columns = 256;
constexpr std::int32_t exponent_of_zero =
    -1000; // below that of every product, and sums of two stay far from overflow

struct Format {
    int fraction_bits, exponent_bits, bias, low_bit; ///< low_bit: of the fraction in the 32-bit container
};

Format format_of(OperandType type) {
    switch (type) {
    case OperandType::bf16:
        return {7, 8, 127, 0};
    case OperandType::fp16:
        return {10, 5, 15, 0};
    case OperandType::tf32:
        return {10, 8, 127, 13};
    }
    return {};
}

CHELA_EVERY_CPU
bool decode_elements(Format format, std::size_t count, const std::uint32_t* bits, std::int32_t* significands,
                     std::int32_t* exponents) {
    const int special_exponent = (1 << format.exponent_bits) - 1;
    const int sign_bit = format.low_bit + format.fraction_bits + format.exponent_bits;
    const std::uint32_t fraction_mask = (1u << format.fraction_bits) - 1u;
    std::int32_t special = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto fraction = static_cast<std::int32_t>(bits[i] >> format.low_bit & fraction_mask);
        const auto exponent =
            static_cast<std::int32_t>(bits[i] >> (format.low_bit + format.fraction_bits)) & special_exponent;
        const std::int32_t magnitude =
            exponent ? fraction + static_cast<std::int32_t>(fraction_mask) + 1 : fraction;
        significands[i] = bits[i] >> sign_bit & 1u ? -magnitude : magnitude;
        exponents[i] = magnitude == 0 ? exponent_of_zero : (exponent ? exponent : 1) - format.bias;
        special |= exponent == special_exponent;
    }
    return special != 0;
}

/// Sums are split in two, so that sixteen products of 28 bits do not overflow.
struct Row {
    alignas(64) std::int32_t exponent[max_columns];
    alignas(64) std::int32_t sum[2][max_columns];
};

/// One row of D and one block of the depth: B has n columns.
CHELA_EVERY_CPU
void accumulate_block(Row& row, int n, int depth, int product_shift, int fraction_bits,
                      const std::int32_t* a_significand, const std::int32_t* a_exponent,
                      const std::int32_t* b_significand, const std::int32_t* b_exponent, float* d) {
    for (int j = 0; j < n; ++j) {
        const auto bits = std::bit_cast<std::int32_t>(d[j]);
        const std::int32_t exponent = bits >> 23 & 0xff;
        const bool zero = (bits & 0x7fffffff) == 0;
        row.exponent[j] = zero ? 2 * exponent_of_zero : (exponent ? exponent : 1) - 127;
    }
    for (int k = 0; k < depth; ++k) {
        const std::int32_t* const exponents = b_exponent + k * n;
        const std::int32_t exponent = a_exponent[k];
        for (int j = 0; j < n; ++j) row.exponent[j] = std::max(row.exponent[j], exponent + exponents[j]);
    }
    for (int j = 0; j < n; ++j) {
        const auto bits = std::bit_cast<std::int32_t>(d[j]);
        const std::int32_t exponent = bits >> 23 & 0xff;
        const std::int32_t magnitude = (exponent ? 1 << 23 : 0) + (bits & 0x7fffff);
        const std::int32_t shift = std::min(31, row.exponent[j] - ((exponent ? exponent : 1) - 127));
        const std::int32_t aligned = (magnitude << (fraction_bits - 23)) >> std::max(shift, 0);
        row.sum[0][j] = bits < 0 ? -aligned : aligned;
        row.sum[1][j] = 0;
    }
    for (int k = 0; k < depth; ++k) {
        const std::int32_t* const significands = b_significand + k * n;
        const std::int32_t* const exponents = b_exponent + k * n;
        const std::int32_t significand = a_significand[k], exponent = a_exponent[k];
        std::int32_t* const sum = row.sum[k % 2];
        for (int j = 0; j < n; ++j) {
            const std::int32_t product = significand * significands[j];
            const std::int32_t shift = std::min(31, row.exponent[j] - exponent - exponents[j]);
            const std::int32_t aligned = (std::abs(product) << product_shift) >> shift;
            sum[j] += product < 0 ? -aligned : aligned;
        }
    }
    for (int j = 0; j < n; ++j) {
        const double sum = static_cast<double>(row.sum[0][j]) + static_cast<double>(row.sum[1][j]);
        // Toward zero, to 24 significant bits.
        const double cut = std::bit_cast<double>(std::bit_cast<std::int64_t>(sum) & ~0x1fffffffLL);
        const std::int32_t exponent = std::max(row.exponent[j] - fraction_bits, -1022);
        const double scale = std::bit_cast<double>(static_cast<std::int64_t>(exponent + 1023) << 52);
        d[j] = static_cast<float>(cut * scale);
    }
}

/// Rows that hold an infinity or a NaN, or meet one in B: the sum in double has the same specials.
void accumulate_special(const DecodedMatrix& a, const DecodedMatrix& b, int i, int j, float& d) {
    double sum = d;
    for (int k = 0; k < a.columns(); ++k) sum += a.value(i, k) * b.value(k, j);
    d = std::isnan(sum) ? std::bit_cast<float>(0x7fffffffu) : static_cast<float>(sum);
}

} // namespace

Accumulation accumulation_of(const Target& target, OperandType type) {
    const bool tf32 = type == OperandType::tf32;
    if (target.compute_capability >= 90) return {tf32 ? 8 : 16, 2};
    return {tf32 ? 4 : 8, 1};
}

void DecodedMatrix::decode(OperandType type, int rows, int columns, std::span<const std::uint32_t> bits) {
    type_ = type, rows_ = rows, columns_ = columns;
    bits_.assign(bits.begin(), bits.end());
    significands_.resize(bits.size());
    exponents_.resize(bits.size());
    has_special_ =
        decode_elements(format_of(type), bits.size(), bits.data(), significands_.data(), exponents_.data());
}

double DecodedMatrix::value(int row, int column) const {
    const Format format = format_of(type_);
    const auto index = static_cast<std::size_t>(row * columns_ + column);
    const std::uint32_t element = bits_[index] >> format.low_bit;
    const int special_exponent = (1 << format.exponent_bits) - 1;
    if (static_cast<int>(element >> format.fraction_bits & static_cast<unsigned>(special_exponent)) !=
        special_exponent)
        return std::ldexp(significands_[index], exponents_[index] - format.fraction_bits);
    if (element & ((1u << format.fraction_bits) - 1u)) return std::numeric_limits<double>::quiet_NaN();
    return significands_[index] < 0 ? -std::numeric_limits<double>::infinity()
                                    : std::numeric_limits<double>::infinity();
}

void multiply_accumulate(Accumulation accumulation, OperandType type, const DecodedMatrix& a,
                         const DecodedMatrix& b, float* d) {
    const int n = b.columns(), depth = a.columns();
    const int fraction_bits = 23 + accumulation.extra_bits;
    const int product_shift = fraction_bits - 2 * format_of(type).fraction_bits;
    static thread_local Row row;
    for (int i = 0; i < a.rows(); ++i) {
        float* const out = d + i * n;
        const bool special = a.has_special() || b.has_special() ||
                             std::any_of(out, out + n, [](float value) { return !std::isfinite(value); });
        if (special) {
            for (int j = 0; j < n; ++j) accumulate_special(a, b, i, j, out[j]);
            continue;
        }
        for (int k = 0; k < depth; k += accumulation.block)
            accumulate_block(row, n, std::min(accumulation.block, depth - k), product_shift, fraction_bits,
                             a.significands(i) + k, a.exponents(i) + k, b.significands(k), b.exponents(k),
                             out);
    }
}

} // namespace chela::emulator
