#include "tests/cli/npy_bytes.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>

namespace chela::tests {

namespace {

template <class Number>
std::string bytes_of(Number number, bool big_endian) {
    std::string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    if (big_endian) std::reverse(bytes.begin(), bytes.end());
    return bytes;
}

std::string element(double value, const NpyStyle& style) {
    if (style.type == "f2") return bytes_of(half_bits(value), style.big_endian);
    if (style.type == "i4") return bytes_of(static_cast<std::int32_t>(value), style.big_endian);
    if (style.type == "i8") return bytes_of(static_cast<std::int64_t>(value), style.big_endian);
    if (style.type == "f4") return bytes_of(static_cast<float>(value), style.big_endian);
    return bytes_of(value, style.big_endian);
}

} // namespace

std::string npy_with_header(const std::string& literal, const std::string& data, int version) {
    std::string header = literal;
    const std::size_t before = version == 1 ? 10 : 12;
    header.append((64 - (before + header.size() + 1) % 64) % 64, ' ').push_back('\n');
    std::string file = "\x93NUMPY";
    file += {static_cast<char>(version), '\0'};
    for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
        file.push_back(static_cast<char>(header.size() >> (8 * i) & 0xff));
    return file + header + data;
}

std::string npy_bytes(const Shape& shape, const std::vector<double>& values, const NpyStyle& style) {
    std::string lengths;
    for (const auto length : shape) lengths += std::to_string(length) + ", ";
    const std::string literal = std::string("{'descr': '") + (style.big_endian ? ">" : "<") + style.type +
                                "', 'fortran_order': " + (style.fortran ? "True" : "False") + ", 'shape': (" +
                                lengths + "), }";
    std::string data;
    std::vector<std::int64_t> index(shape.size(), 0);
    for (std::size_t written = 0; written < values.size(); ++written) {
        std::int64_t offset = 0;
        for (std::size_t dim = 0; dim < shape.size(); ++dim) offset = offset * shape[dim] + index[dim];
        data += element(values[static_cast<std::size_t>(offset)], style);
        for (std::size_t step = 0; step < shape.size(); ++step) { // the next index in the order of the file
            const std::size_t dim = style.fortran ? step : shape.size() - 1 - step;
            if (++index[dim] < shape[dim]) break;
            index[dim] = 0;
        }
    }
    return npy_with_header(literal, data, style.version);
}

NpyContent read_npy_bytes(const std::string& bytes) {
    NpyContent content;
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(8))) |
                        static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(9))) << 8;
    content.literal = bytes.substr(10, length);
    std::size_t at = content.literal.find('(', content.literal.find("'shape'")) + 1;
    while (content.literal.at(at) != ')') {
        std::size_t used = 0;
        content.shape.push_back(std::stoll(content.literal.substr(at), &used));
        at += used;
        while (content.literal.at(at) == ',' || content.literal.at(at) == ' ') ++at;
    }
    const bool half = content.literal.find("'<f2'") != std::string::npos;
    if (!half && content.literal.find("'<f4'") == std::string::npos)
        throw std::runtime_error("neither <f2 nor <f4");
    const std::size_t size = half ? 2 : 4;
    for (std::size_t i = 10 + length; i + size <= bytes.size(); i += size) {
        float single = 0;
        std::uint16_t bits = 0;
        std::memcpy(&bits, bytes.data() + i, 2);
        if (!half) std::memcpy(&single, bytes.data() + i, 4);
        content.values.push_back(half ? half_value(bits) : static_cast<double>(single));
    }
    return content;
}

std::uint16_t half_bits(double value) {
    const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
    const double magnitude = std::fabs(value);
    if (magnitude == 0) return sign;
    int exponent = std::max(-14, std::ilogb(magnitude));
    auto steps = static_cast<int>(
        std::nearbyint(std::ldexp(magnitude, 10 - exponent))); // 1024 … 2048, less if subnormal
    if (steps == 2048) {
        steps = 1024;
        ++exponent;
    }
    if (steps < 1024) return static_cast<std::uint16_t>(sign | steps);
    return static_cast<std::uint16_t>(sign | (exponent + 15) << 10 | (steps - 1024));
}

double half_value(std::uint16_t bits) {
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    if (exponent == 31) return mantissa ? NAN : INFINITY;
    const double magnitude =
        exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    return bits >> 15 ? -magnitude : magnitude;
}

std::vector<double> uniform(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 bits(seed);
    std::vector<double> values(count);
    for (double& value : values) value = std::ldexp(static_cast<double>(bits() >> 11), -52) - 1;
    return values;
}

} // namespace chela::tests
