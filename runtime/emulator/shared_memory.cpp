#include "runtime/emulator/shared_memory.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <utility>

namespace chela::emulator {

namespace {
constexpr std::size_t alignment = 1024; // of dynamic shared memory, what a 128-byte swizzle needs

// 16 MiB apart, so that `reach` never leads from one block's memory into another's.
constexpr std::size_t spacing = std::size_t{16} << 20;
} // namespace

SharedMemory::~SharedMemory() {
    if (base_) munmap(base_, spacing);
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), bytes_(other.bytes_), static_offset_(other.static_offset_),
      incoming_(std::move(other.incoming_)), readers_(std::move(other.readers_)),
      barriers_(std::move(other.barriers_)), active_(other.active_), layouts_(std::move(other.layouts_)),
      has_layouts_(other.has_layouts_) {}

void SharedMemory::reset(std::size_t dynamic_bytes, std::size_t static_bytes) {
    if (!base_) {
        void* memory = mmap(nullptr, spacing, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        base_ = static_cast<std::byte*>(memory);
    }
    static_offset_ = static_bytes ? (dynamic_bytes + alignment - 1) / alignment * alignment : dynamic_bytes;
    bytes_ = static_offset_ + static_bytes;
    std::memset(base_, 0xff, bytes_);
    const std::size_t granules = bytes_ / granule + 1;
    for (auto* counts : {&incoming_, &readers_, &barriers_}) counts->assign(granules, 0);
    active_ = 0;
    layouts_.assign(bytes_ / 16 + 1, 0);
    has_layouts_ = false;
}

const char* swizzle_name(TensorSwizzle swizzle) {
    constexpr const char* names[] = {"no swizzle", "a swizzle of 32 bytes", "a swizzle of 64 bytes",
                                     "a swizzle of 128 bytes"};
    return names[static_cast<int>(swizzle)];
}

void SharedMemory::set_layout(std::size_t offset, std::size_t bytes, TensorSwizzle swizzle) {
    has_layouts_ = true;
    for (std::size_t i = offset / 16; i < (offset + bytes) / 16; ++i)
        layouts_[i] = static_cast<std::uint8_t>(1 + static_cast<int>(swizzle));
}

void SharedMemory::clear_layout(std::size_t offset, std::size_t bytes) {
    for (std::size_t i = offset / 16; i <= (offset + bytes - 1) / 16; ++i) layouts_[i] = 0;
}

const char* SharedMemory::layout_mismatch(std::size_t offset, TensorSwizzle swizzle) const {
    const int layout = layouts_[offset / 16] - 1;
    return layout < 0 || layout == static_cast<int>(swizzle)
               ? nullptr
               : swizzle_name(static_cast<TensorSwizzle>(layout));
}

void SharedMemory::change(std::vector<std::uint8_t>& counts, std::size_t offset, std::size_t bytes, int by) {
    const std::size_t first = offset / granule, last = (offset + bytes - 1) / granule;
    for (std::size_t i = first; i <= last; ++i) counts[i] = static_cast<std::uint8_t>(counts[i] + by);
    active_ += by * (last - first + 1);
}

const char* SharedMemory::find_conflict(std::size_t offset, std::size_t bytes, bool write) const {
    const std::size_t first = offset / granule, last = (offset + bytes - 1) / granule;
    for (std::size_t i = first; i <= last; ++i) {
        if (incoming_[i])
            return write
                       ? "writes shared memory that an asynchronous copy is still filling"
                       : "reads shared memory that an asynchronous copy is still filling: a wait is missing";
        if (write && readers_[i])
            return "writes shared memory that an asynchronous operation is still reading: a wait is missing";
        if (barriers_[i]) return "accesses the memory of a live mbarrier as data";
    }
    return nullptr;
}

} // namespace chela::emulator
