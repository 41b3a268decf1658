#pragma once
// The shared memory of one block: exactly as many bytes as the launch asked for, poisoned, and with a note of
// which of them an asynchronous copy or product is using.

#include "runtime/emulator/tensor_map.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chela::emulator {

class SharedMemory {
  public:
    /// Largest window of any architecture, and then some: an address within `reach` of the window is meant
    /// for it.
    static constexpr std::size_t reach = 1 << 20;

    SharedMemory() = default;
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    SharedMemory(SharedMemory&&) noexcept;
    SharedMemory& operator=(SharedMemory&&) noexcept = delete;

    /// Fills everything with 0xff, which is NaN in every floating-point type.
    void reset(std::size_t dynamic_bytes, std::size_t static_bytes);

    std::byte* base() const { return base_; }
    std::size_t bytes() const { return bytes_; }
    /// Start of the variables declared __shared__, behind the dynamic part.
    std::byte* static_base() const { return base_ + static_offset_; }
    std::size_t offset(std::uintptr_t address) const {
        return address - reinterpret_cast<std::uintptr_t>(base_);
    }
    bool near(std::uintptr_t address) const { return offset(address) < reach; }
    bool holds(std::uintptr_t address, std::size_t bytes) const {
        return offset(address) < bytes_ && bytes <= bytes_ - offset(address);
    }

    // What asynchronous operations do with a range; every begin has its end.
    void begin_incoming(std::size_t offset, std::size_t bytes) { change(incoming_, offset, bytes, 1); }
    void end_incoming(std::size_t offset, std::size_t bytes) { change(incoming_, offset, bytes, -1); }
    void begin_reading(std::size_t offset, std::size_t bytes) { change(readers_, offset, bytes, 1); }
    void end_reading(std::size_t offset, std::size_t bytes) { change(readers_, offset, bytes, -1); }
    void begin_barrier(std::size_t offset) { change(barriers_, offset, 8, 1); }
    void end_barrier(std::size_t offset) { change(barriers_, offset, 8, -1); }

    /// Why an access must not happen now, or null.
    const char* conflict(std::size_t offset, std::size_t bytes, bool write) const {
        return active_ == 0 ? nullptr : find_conflict(offset, bytes, write);
    }

    // How TMA laid out what it wrote: the operand of a product must be read with the same swizzle.
    void set_layout(std::size_t offset, std::size_t bytes, TensorSwizzle);
    void forget_layout(std::size_t offset, std::size_t bytes) {
        if (has_layouts_) clear_layout(offset, bytes);
    }
    /// The name of the swizzle that the 16 bytes were written with, or null where it is this one or unknown.
    const char* layout_mismatch(std::size_t offset, TensorSwizzle) const;

  private:
    static constexpr std::size_t granule = 4;
    void clear_layout(std::size_t offset, std::size_t bytes);
    void change(std::vector<std::uint8_t>& counts, std::size_t offset, std::size_t bytes, int by);
    const char* find_conflict(std::size_t offset, std::size_t bytes, bool write) const;

    std::byte* base_ = nullptr;
    std::size_t bytes_ = 0, static_offset_ = 0;
    std::vector<std::uint8_t> incoming_, readers_, barriers_; ///< users of each granule
    std::size_t active_ = 0;                                  ///< granules in use, counted once for each user
    std::vector<std::uint8_t> layouts_; ///< of each 16 bytes: 0 unknown, or 1 + the swizzle
    bool has_layouts_ = false;
};

/// "a swizzle of 64 bytes".
const char* swizzle_name(TensorSwizzle);

} // namespace chela::emulator
