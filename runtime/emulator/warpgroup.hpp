#pragma once
// wgmma: products of a warpgroup, which run beside its threads until they are waited for.

#include "runtime/emulator/matrix_product.hpp"
#include "runtime/emulator/race_detector.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace chela::emulator {

struct Thread;

/// Accumulators of the 128 threads while products are in flight; the registers hold NaN meanwhile.
struct Accumulators {
    std::array<float*, 128> registers{};
    int n = 0;
    std::vector<float> values; ///< 64 × n
    int products = 0;          ///< still to run on it
};

struct Product {
    OperandType type = OperandType::bf16;
    int n = 0;
    bool accumulate = true;
    std::vector<std::uint32_t> a_registers;        ///< 64 × k elements; empty: A lies in shared memory
    std::vector<std::uint32_t> a_pieces, b_pieces; ///< where the 16-byte pieces lie that are read
    bool a_mn_major = false, b_mn_major = false;
    std::size_t accumulators = 0; ///< index
    std::uint32_t group = 0;
    std::uint32_t site = 0;
    Clock clock;
};

struct Warpgroup {
    int arrived = 0;
    std::array<std::uint32_t, 4> arrived_lanes{};
    std::array<void*, 128> operands{};
    const char* instruction = nullptr;
    std::uint32_t site = 0;

    std::vector<Accumulators> accumulators;
    std::vector<Product> products; ///< oldest first
    std::uint32_t committed = 0;
};

} // namespace chela::emulator
