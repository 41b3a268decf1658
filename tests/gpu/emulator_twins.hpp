#pragma once
// One kernel on the emulator and, where there is one, on the GPU: instructions have twins, and twins agree.

#include <cstdint>
#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace chela::testing {

struct TwinKernel {
    std::vector<std::string> includes; ///< of prelude/cuda: "matrix.cuh"
    /// Body of a function with `const uint32* input`, `uint32* output`, `unsigned char* shared`, the prelude,
    /// and `arguments`, which has `input_map` and `output_map`.
    std::string body;
    int threads = 32;
    std::int64_t shared_bytes = 48 * 1024;
    int cluster = 1;     ///< blocks, all in one cluster
    bool hopper = false; ///< needs sm_90a
    /// Where it is not 0, input and output are also tensors of 16-bit elements with rows of so many, mapped
    /// for TMA in boxes of 8 rows by 64 columns.
    int mapped_columns = 0;
};

/// Output of the emulated kernel. Where a GPU can run it, its output is compared bit by bit on the way, or,
/// where `bitwise` is false, left to the caller's tolerance.
std::vector<std::uint32_t> run_twins(const TwinKernel&, const std::vector<std::uint32_t>& input,
                                     std::size_t outputs, bool bitwise = true);

/// Small whole numbers, which every type holds and every sum of keeps exact.
int small_integer(std::size_t index);
std::uint32_t bits_of(float value);
float float_of(std::uint32_t bits);
/// Two bf16 in a word, cut off from fp32 (exact for small integers).
std::uint32_t bf16_pair(float low, float high);

} // namespace chela::testing
