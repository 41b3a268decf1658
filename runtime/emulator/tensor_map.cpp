#include "runtime/emulator/tensor_map.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace chela::emulator {

namespace {

constexpr std::uint64_t magic = 0x70616d6568637573; // no encoding of a driver begins like this

/// What fits in a map: extents and strides are as narrow as the hardware's.
struct Encoded {
    std::uint64_t magic;
    std::uint64_t address;
    std::uint64_t strides[4];
    std::uint32_t last_index[5]; ///< extent - 1
    std::uint16_t box[5];
    std::uint8_t element_strides[5];
    std::uint8_t element_bytes, rank;
    TensorSwizzle swizzle;
    OutOfBoundsFill fill;
};
static_assert(sizeof(Encoded) <= sizeof(TensorMap));

void require(bool holds, const std::string& rule) {
    if (!holds) throw UserError("tensor map: " + rule);
}

} // namespace

std::size_t TensorLayout::box_bytes() const {
    std::size_t bytes = static_cast<std::size_t>(element_bytes);
    for (int i = 0; i < rank; ++i) {
        const auto d = static_cast<std::size_t>(i);
        bytes *= (box[d] + element_strides[d] - 1) / element_strides[d];
    }
    return bytes;
}

TensorMap encode_tensor_map(int element_bytes, int rank, const void* address, const std::uint64_t* extents,
                            const std::uint64_t* strides, const std::uint32_t* box,
                            const std::uint32_t* element_strides, TensorSwizzle swizzle,
                            OutOfBoundsFill fill) {
    require(element_bytes == 1 || element_bytes == 2 || element_bytes == 4 || element_bytes == 8,
            fmt::format("elements of {} bytes: 1, 2, 4 or 8 are possible", element_bytes));
    require(rank >= 1 && rank <= 5, fmt::format("rank {}: 1 to 5 are possible", rank));
    const auto base = reinterpret_cast<std::uintptr_t>(address);
    require(base % 16 == 0, fmt::format("address {:#x} is no multiple of 16", base));
    Encoded encoded{};
    encoded.magic = magic;
    encoded.address = base;
    for (int i = 0; i < rank; ++i) {
        require(extents[i] >= 1 && extents[i] <= (std::uint64_t{1} << 32),
                fmt::format("extent {} of dimension {}: 1 to 2^32 are possible", extents[i], i));
        require(box[i] >= 1 && box[i] <= 256,
                fmt::format("box of {} in dimension {}: 1 to 256 are possible", box[i], i));
        require(element_strides[i] >= 1 && element_strides[i] <= 8,
                fmt::format("element stride {} in dimension {}: 1 to 8 are possible", element_strides[i], i));
        encoded.last_index[i] = static_cast<std::uint32_t>(extents[i] - 1);
        encoded.box[i] = static_cast<std::uint16_t>(box[i]);
        encoded.element_strides[i] = static_cast<std::uint8_t>(element_strides[i]);
        if (i == 0) continue;
        require(strides[i - 1] % 16 == 0 && strides[i - 1] < (std::uint64_t{1} << 40),
                fmt::format("stride of {} bytes in dimension {}: it must be a multiple of 16 below 2^40",
                            strides[i - 1], i));
        encoded.strides[i - 1] = strides[i - 1];
    }
    require(element_strides[0] == 1,
            "the innermost dimension of a tiled map is contiguous: element stride 1");
    const std::size_t inner = box[0] * static_cast<std::size_t>(element_bytes);
    require(inner % 16 == 0, fmt::format("box rows of {} bytes: they must be a multiple of 16", inner));
    const std::size_t width =
        swizzle == TensorSwizzle::none ? SIZE_MAX : std::size_t{16} << static_cast<int>(swizzle);
    require(inner <= width, fmt::format("box rows of {} bytes do not fit a swizzle of {}", inner, width));
    encoded.element_bytes = static_cast<std::uint8_t>(element_bytes);
    encoded.rank = static_cast<std::uint8_t>(rank);
    encoded.swizzle = swizzle;
    encoded.fill = fill;
    TensorMap map;
    std::memcpy(map.opaque.data(), &encoded, sizeof encoded);
    return map;
}

std::optional<TensorLayout> decode_tensor_map(const TensorMap& map) {
    Encoded encoded;
    std::memcpy(&encoded, map.opaque.data(), sizeof encoded);
    if (encoded.magic != magic) return std::nullopt;
    TensorLayout layout;
    layout.address = encoded.address;
    layout.element_bytes = encoded.element_bytes;
    layout.rank = encoded.rank;
    for (std::size_t i = 0; i < static_cast<std::size_t>(encoded.rank); ++i) {
        layout.extents[i] = std::uint64_t{encoded.last_index[i]} + 1;
        layout.strides[i] = i == 0 ? encoded.element_bytes : encoded.strides[i - 1];
        layout.box[i] = encoded.box[i];
        layout.element_strides[i] = encoded.element_strides[i];
    }
    layout.swizzle = encoded.swizzle;
    layout.fill = encoded.fill;
    return layout;
}

std::vector<BoxRun> runs_of_box(const TensorLayout& layout, std::span<const int> coordinates) {
    const auto rank = static_cast<std::size_t>(layout.rank);
    const auto element = static_cast<std::int64_t>(layout.element_bytes);
    const auto inner = static_cast<std::int64_t>(layout.box[0]);
    // The part of an innermost row that lies inside the tensor.
    const std::int64_t begin = std::clamp<std::int64_t>(-std::int64_t{coordinates[0]}, 0, inner);
    const std::int64_t end =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(layout.extents[0]) - coordinates[0], begin, inner);
    std::vector<BoxRun> runs;
    std::array<std::int64_t, 5> index{};
    std::size_t offset = 0;
    for (bool more = true; more;) {
        bool inside = true;
        std::int64_t address = static_cast<std::int64_t>(layout.address) + (coordinates[0] + begin) * element;
        for (std::size_t d = 1; d < rank; ++d) {
            const std::int64_t at = coordinates[d] + index[d];
            inside = inside && at >= 0 && at < static_cast<std::int64_t>(layout.extents[d]);
            address += at * static_cast<std::int64_t>(layout.strides[d]);
        }
        const auto add = [&](std::int64_t from, std::int64_t to, std::uintptr_t where) {
            if (to > from)
                runs.push_back({offset + static_cast<std::size_t>(from * element),
                                static_cast<std::size_t>((to - from) * element), where});
        };
        if (inside) {
            add(0, begin, 0);
            add(begin, end, static_cast<std::uintptr_t>(address));
            add(end, inner, 0);
        } else {
            add(0, inner, 0);
        }
        offset += static_cast<std::size_t>(inner * element);
        more = false;
        for (std::size_t d = 1; d < rank && !more; ++d) {
            index[d] += layout.element_strides[d];
            more = index[d] < static_cast<std::int64_t>(layout.box[d]);
            if (!more) index[d] = 0;
        }
    }
    return runs;
}

std::size_t swizzled(std::size_t offset, TensorSwizzle swizzle) {
    const std::size_t mask = (std::size_t{1} << static_cast<int>(swizzle)) - 1; // 0, 1, 3, 7
    return offset ^ ((offset >> 7 & mask) << 4);
}

} // namespace chela::emulator
