#pragma once
// Tensor maps of the emulator: what cuTensorMapEncodeTiled makes for a GPU, in an encoding of our own.

#include "runtime/device.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace chela::emulator {

/// Bytes of the row in which 16-byte pieces are permuted; numbered as CUtensorMapSwizzle.
enum class TensorSwizzle : std::uint8_t { none, bytes32, bytes64, bytes128 };
enum class OutOfBoundsFill : std::uint8_t { zeros, nan };

/// The tensor behind a map, innermost dimension first.
struct TensorLayout {
    std::uintptr_t address = 0;
    int element_bytes = 0, rank = 0;
    std::array<std::uint64_t, 5> extents{};
    std::array<std::uint64_t, 5> strides{}; ///< bytes; [0] is the element's
    std::array<std::uint32_t, 5> box{}, element_strides{};
    TensorSwizzle swizzle = TensorSwizzle::none;
    OutOfBoundsFill fill = OutOfBoundsFill::zeros;

    std::size_t inner_bytes() const { return box[0] * static_cast<std::size_t>(element_bytes); }
    std::size_t box_bytes() const;
};

/// The arguments of cuTensorMapEncodeTiled, without interleaving: `strides` are of the dimensions from the
/// second on, in bytes. Throws UserError that names the rule of the hardware which an argument breaks.
TensorMap encode_tensor_map(int element_bytes, int rank, const void* address, const std::uint64_t* extents,
                            const std::uint64_t* strides, const std::uint32_t* box,
                            const std::uint32_t* element_strides, TensorSwizzle swizzle,
                            OutOfBoundsFill fill);
/// Empty where the 128 bytes are no map of encode_tensor_map().
std::optional<TensorLayout> decode_tensor_map(const TensorMap&);

/// A run of a box that is contiguous in memory and in the box, or lies outside the tensor (address 0).
struct BoxRun {
    std::size_t box_offset = 0, bytes = 0;
    std::uintptr_t address = 0;
};
/// The box at these coordinates, in order of box_offset.
std::vector<BoxRun> runs_of_box(const TensorLayout&, std::span<const int> coordinates);

/// Where byte `offset` of the shared window lies after swizzling: bits 4 and up are xored with bits 7 and up.
std::size_t swizzled(std::size_t offset, TensorSwizzle);

} // namespace chela::emulator
