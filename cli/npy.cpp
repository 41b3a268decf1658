#include "cli/npy.hpp"

#include "cli/npy_header.hpp"
#include "cli/staged_file.hpp"
#include "codegen/error.hpp"
#include "runtime/host_tensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <system_error>

namespace chela::cli {

namespace {

constexpr std::size_t block = 1 << 14; ///< elements converted at a time

std::ifstream open(const std::filesystem::path& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (std::filesystem::is_directory(status))
        throw UserError(fmt::format("{} is a folder; it must be a .npy file", path.string()));
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file)
        throw UserError(
            fmt::format("{} cannot be read: {}", path.string(), std::generic_category().message(errno)));
    return file;
}

template <class Bits>
Bits load(const std::byte* from, bool swapped) {
    std::array<std::byte, sizeof(Bits)> bytes;
    std::memcpy(bytes.data(), from, sizeof(Bits));
    if (swapped) std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<Bits>(bytes);
}

double value_at(const std::byte* from, NpyType type, bool swapped) {
    switch (type) {
    case NpyType::float16:
        return from_fp16(load<std::uint16_t>(from, swapped));
    case NpyType::float32:
        return static_cast<double>(load<float>(from, swapped));
    case NpyType::int32:
        return load<std::int32_t>(from, swapped);
    case NpyType::int64: // exact where an int32 can hold it
        return static_cast<double>(load<std::int64_t>(from, swapped));
    case NpyType::float64:
        break;
    }
    return load<double>(from, swapped);
}

/// Goes through the elements in the order of C and gives the index of each in the file's order.
class FileOrder {
  public:
    explicit FileOrder(const NpyHeader& header)
        : shape_(header.shape), index_(shape_.size(), 0), stride_(shape_.size()) {
        std::int64_t stride = 1;
        for (std::size_t i = 0; i < shape_.size(); ++i) {
            const std::size_t dim = header.fortran_order ? i : shape_.size() - 1 - i;
            stride_[dim] = stride;
            stride *= shape_[dim];
        }
    }
    std::int64_t next() {
        const std::int64_t current = position_;
        for (std::size_t dim = shape_.size(); dim-- > 0;) {
            position_ += stride_[dim];
            if (++index_[dim] < shape_[dim]) break;
            position_ -= stride_[dim] * shape_[dim];
            index_[dim] = 0;
        }
        return current;
    }

  private:
    const std::vector<std::int64_t>& shape_;
    std::vector<std::int64_t> index_, stride_;
    std::int64_t position_ = 0;
};

} // namespace

std::string_view to_string(NpyType type) {
    constexpr std::array<std::string_view, 5> names{"float16", "float32", "float64", "int32", "int64"};
    return names[static_cast<std::size_t>(type)];
}

std::int64_t size_of(NpyType type) {
    constexpr std::array<std::int64_t, 5> bytes{2, 4, 8, 4, 8};
    return bytes[static_cast<std::size_t>(type)];
}
bool is_integer(NpyType type) { return type == NpyType::int32 || type == NpyType::int64; }
NpyType npy_type(DType dtype) {
    if (dtype == DType::int32) return NpyType::int32;
    return dtype == DType::fp16 ? NpyType::float16 : NpyType::float32;
}
DType dtype_of(NpyType type) {
    if (is_integer(type)) return DType::int32;
    return type == NpyType::float16 ? DType::fp16 : DType::fp32;
}

std::int64_t NpyHeader::count() const {
    std::int64_t product = 1;
    for (const auto length : shape) product *= length;
    return product;
}

std::string shape_text(std::span<const std::int64_t> shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

NpyHeader read_npy_header(const std::filesystem::path& path) {
    const std::string name = path.string();
    auto file = open(path);
    std::array<char, 12> start{};
    file.read(start.data(), start.size());
    const std::string_view begin(start.data(), static_cast<std::size_t>(file.gcount()));
    if (begin.starts_with("PK"))
        throw UserError(
            fmt::format("{} is an archive (.npz); it must be one array: numpy.save(path, array)", name));
    if (!begin.starts_with("\x93NUMPY"))
        throw UserError(fmt::format("{} is not a .npy file: it does not begin with \\x93NUMPY", name));
    const auto byte = [&](std::size_t index) {
        return std::uint32_t{static_cast<unsigned char>(start[index])};
    };
    const std::uint32_t version = byte(6);
    const std::size_t before = version == 1 ? 10 : 12;
    if (begin.size() < before) throw UserError(fmt::format("{} is cut off in its header", name));
    if (version < 1 || version > 3)
        throw UserError(fmt::format("{} is of version {}.{} of the format; it must be 1, 2 or 3", name,
                                    version, byte(7)));
    const std::uint32_t length =
        version == 1 ? byte(8) | byte(9) << 8 : byte(8) | byte(9) << 8 | byte(10) << 16 | byte(11) << 24;
    constexpr std::uint32_t longest = 1 << 20;
    if (length > longest)
        throw UserError(
            fmt::format("{} promises a header of {} bytes; NumPy writes at most some hundred", name, length));
    std::string text(length, '\0');
    file.clear();
    file.seekg(static_cast<std::streamoff>(before));
    file.read(text.data(), length);
    if (file.gcount() != static_cast<std::streamsize>(length))
        throw UserError(fmt::format("{} is cut off in its header", name));

    NpyHeader header = parse_npy_header(text, name);
    header.data_offset = static_cast<std::int64_t>(before + length);
    // A length of 0 makes the array empty, but must not hide lengths that no array has.
    std::int64_t bytes = size_of(header.type);
    for (const auto extent : header.shape)
        if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(1, extent), &bytes))
            throw UserError(
                fmt::format("{} has the shape {}, which no memory holds", name, shape_text(header.shape)));
    file.clear();
    file.seekg(0, std::ios::end);
    const std::int64_t held = static_cast<std::int64_t>(file.tellg()) - header.data_offset;
    const std::int64_t needed = header.count() * size_of(header.type);
    if (held < needed)
        throw UserError(fmt::format("{} is cut off: {} of {} need {} bytes, and there are {}", name,
                                    to_string(header.type), shape_text(header.shape), needed, held));
    return header;
}

NpyElements read_npy(const std::filesystem::path& path, const NpyHeader& header, DType dtype) {
    const auto count = static_cast<std::size_t>(header.count());
    const auto size = static_cast<std::size_t>(size_of(header.type));
    auto file = open(path);
    std::vector<std::byte> raw(count * size);
    file.seekg(header.data_offset);
    file.read(reinterpret_cast<char*>(raw.data()), static_cast<std::streamsize>(raw.size()));
    if (file.gcount() != static_cast<std::streamsize>(raw.size()))
        throw UserError(fmt::format("{} cannot be read to its end", path.string()));

    const bool swapped = header.big_endian != (std::endian::native == std::endian::big);
    const bool same_type = npy_type(dtype) == header.type && dtype != DType::bf16 && dtype != DType::int32;
    if (same_type && !swapped && !header.fortran_order) return {std::move(raw), 0};

    NpyElements result;
    const auto element = static_cast<std::size_t>(chela::size_of(dtype));
    result.bytes.resize(count * element);
    FileOrder order(header);
    std::vector<double> values(block), rounded(block);
    for (std::size_t first = 0; first < count; first += block) {
        const std::size_t here = std::min(block, count - first);
        for (std::size_t i = 0; i < here; ++i)
            values[i] =
                value_at(raw.data() + static_cast<std::size_t>(order.next()) * size, header.type, swapped);
        std::byte* to = result.bytes.data() + first * element;
        encode(std::span(values).first(here), dtype, to);
        decode(to, dtype, std::span(rounded).first(here));
        for (std::size_t i = 0; i < here; ++i)
            result.overflowed += dtype == DType::int32 ? rounded[i] != values[i]
                                                       : std::isinf(rounded[i]) && std::isfinite(values[i]);
    }
    return result;
}

void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape, DType dtype,
               std::span<const std::byte> elements) {
    static_assert(std::endian::native == std::endian::little, "elements are written as they lie in memory");
    StagedFile file(path);
    file.write(npy_header_text(npy_type(dtype), shape));
    if (dtype != DType::bf16) {
        file.write({reinterpret_cast<const char*>(elements.data()), elements.size()});
    } else {
        const std::size_t count = elements.size() / 2;
        std::vector<double> values(block);
        std::vector<float> widened(block);
        for (std::size_t first = 0; first < count; first += block) {
            const std::size_t here = std::min(block, count - first);
            decode(elements.data() + 2 * first, dtype, std::span(values).first(here));
            for (std::size_t i = 0; i < here; ++i) widened[i] = static_cast<float>(values[i]);
            file.write({reinterpret_cast<const char*>(widened.data()), here * sizeof(float)});
        }
    }
    file.publish();
}

} // namespace chela::cli
