#pragma once
// What a tensor core computes: D += A·B with exact products and a sum of its own kind. This is the one place
// that says how sums are rounded.
//
// Model (Fasi, Higham, Mikaitis, Pranesh: Numerical behavior of NVIDIA tensor cores, PeerJ CS 2021; Khattak
// and Mikaitis: Accurate models of NVIDIA tensor cores, 2025): the depth is cut into blocks; in a block the
// products and the accumulator are shifted to the largest exponent among them, cut off (toward zero)
// `extra_bits` below the last bit of fp32, summed exactly, and the sum is cut off to fp32. Blocks follow each
// other in order of depth.

#include "codegen/target.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace chela::emulator {

/// As the prelude numbers them.
enum class OperandType { bf16, fp16, tf32 };

struct Accumulation {
    int block;      ///< products summed at once
    int extra_bits; ///< kept below fp32's last bit while summing
};
/// 8 (tf32: 4) and 1 on compute capability 8.x; 16 (tf32: 8) and 2 from 9.0 on.
Accumulation accumulation_of(const Target&, OperandType);

/// An operand taken apart: value = significand · 2^(exponent - fraction bits of the type).
class DecodedMatrix {
  public:
    /// `bits`: rows × columns elements, row by row, 16-bit types in the low half.
    void decode(OperandType type, int rows, int columns, std::span<const std::uint32_t> bits);

    int rows() const { return rows_; }
    int columns() const { return columns_; }
    const std::int32_t* significands(int row) const { return significands_.data() + row * columns_; }
    const std::int32_t* exponents(int row) const { return exponents_.data() + row * columns_; }
    bool has_special() const { return has_special_; } ///< infinity or NaN somewhere
    double value(int row, int column) const;          ///< infinity and NaN included

  private:
    OperandType type_ = OperandType::bf16;
    int rows_ = 0, columns_ = 0;
    bool has_special_ = false;
    std::vector<std::uint32_t> bits_;
    std::vector<std::int32_t> significands_, exponents_;
};

/// d[m × n, row by row] += a[m × k] · b[k × n].
void multiply_accumulate(Accumulation, OperandType, const DecodedMatrix& a, const DecodedMatrix& b, float* d);

} // namespace chela::emulator
