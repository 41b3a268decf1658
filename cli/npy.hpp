#pragma once
// NumPy's .npy files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to
// 3) of float16, float32 and float64, and of int32 and int64. NumPy has no bfloat16: it is read from and
// written to float32.

#include "codegen/tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chela::cli {

enum class NpyType { float16, float32, float64, int32, int64 };
std::string_view to_string(NpyType);
std::int64_t size_of(NpyType);
bool is_integer(NpyType);
/// What holds every value of the dtype: float16 for fp16, float32 for fp32 and bf16, int32 for int32.
NpyType npy_type(DType);
/// The other way: fp16 of float16; fp32 of float32 and, rounded, of float64; int32 of whole numbers.
DType dtype_of(NpyType);

struct NpyHeader {
    NpyType type = NpyType::float32;
    bool big_endian = false;
    bool fortran_order = false; ///< the first index varies fastest
    std::vector<std::int64_t> shape;
    std::int64_t data_offset = 0; ///< of the first element in the file

    std::int64_t count() const; ///< of elements
};

/// Reads the header and checks that the file is long enough for what it promises. Throws UserError naming the
/// file and what is wrong with it.
NpyHeader read_npy_header(const std::filesystem::path&);

struct NpyElements {
    std::vector<std::byte> bytes; ///< in `dtype` and the order of C
    std::int64_t overflowed = 0;  ///< finite values that are infinite in `dtype`, or not in its range
};
/// The elements of a file, rounded once to `dtype`. Throws UserError as above.
NpyElements read_npy(const std::filesystem::path&, const NpyHeader&, DType dtype);

/// Writes elements of `dtype` in the order of C as npy_type(dtype), little-endian. The file appears whole or
/// not at all: it is staged beside its place and renamed. Throws UserError naming the file.
void write_npy(const std::filesystem::path&, std::span<const std::int64_t> shape, DType dtype,
               std::span<const std::byte> elements);

/// "[2, 512, 4, 64]".
std::string shape_text(std::span<const std::int64_t> shape);

} // namespace chela::cli
