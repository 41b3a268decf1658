#pragma once
// The bytes of .npy files, written here by the format's definition and not by the code under test.

#include <cstdint>
#include <string>
#include <vector>

namespace chela::tests {

using Shape = std::vector<std::int64_t>;

struct NpyStyle {
    std::string type = "f4"; ///< f2, f4 or f8
    bool fortran = false;
    bool big_endian = false;
    int version = 1;
};

/// `values` in the order of C.
std::string npy_bytes(const Shape&, const std::vector<double>& values, const NpyStyle& = {});
/// The same with any header literal and data.
std::string npy_with_header(const std::string& literal, const std::string& data, int version = 1);

struct NpyContent {
    std::string literal; ///< of the header
    Shape shape;
    std::vector<double> values;
};
/// Reads a little-endian float16 or float32 file in the order of C, which is what chela writes.
NpyContent read_npy_bytes(const std::string& bytes);

/// The float16 nearest to the value, ties to even; small normal numbers suffice here.
std::uint16_t half_bits(double value);
double half_value(std::uint16_t bits);

/// Uniform in [-1, 1), the same on every machine.
std::vector<double> uniform(std::size_t count, std::uint64_t seed);

} // namespace chela::tests
