#include "runtime/emulator/global_memory.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>

namespace chela::emulator {

namespace {
constexpr std::size_t alignment = 256; // as cuMemAlloc promises
}

const GlobalMemory::Range* GlobalMemory::View::find(std::uintptr_t address) const {
    const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                        [](std::uintptr_t a, const Range& range) { return a < range.begin; });
    if (after == ranges_.begin()) return nullptr;
    const Range& range = *(after - 1);
    return address < range.end ? &range : nullptr;
}

std::string GlobalMemory::View::describe(std::uintptr_t address) const {
    if (address < 4096) return "a null pointer";
    const Range* nearest = nullptr;
    std::uintptr_t distance = UINTPTR_MAX;
    for (const Range& range : ranges_) {
        const std::uintptr_t gap = address < range.begin ? range.begin - address : address - range.end + 1;
        if (gap < distance) distance = gap, nearest = &range;
    }
    if (!nearest) return "no allocation";
    const std::size_t bytes = nearest->end - nearest->begin;
    if (address < nearest->begin)
        return fmt::format("{} bytes before an allocation of {} bytes", nearest->begin - address, bytes);
    return fmt::format("{} bytes after the end of an allocation of {} bytes", address - nearest->end, bytes);
}

GlobalMemory::~GlobalMemory() {
    for (const auto& [address, allocation] : allocations_)
        if (allocation.owned) std::free(reinterpret_cast<void*>(address));
}

void* GlobalMemory::allocate(std::size_t bytes) {
    // Two alignments apart at least, so that one byte past the end belongs to nothing.
    const std::size_t reserved = (bytes / alignment + 2) * alignment;
    void* address = bytes > SIZE_MAX / 2 ? nullptr : std::aligned_alloc(alignment, reserved);
    if (!address) throw DeviceError(fmt::format("emulator: out of memory ({} bytes)", bytes));
    std::memset(address, 0xff, bytes);
    const std::lock_guard lock(mutex_);
    allocations_[reinterpret_cast<std::uintptr_t>(address)] = {bytes, true};
    return address;
}

void GlobalMemory::free(void* address) noexcept {
    if (!address) return;
    const std::lock_guard lock(mutex_);
    if (allocations_.erase(reinterpret_cast<std::uintptr_t>(address))) std::free(address);
}

void GlobalMemory::lend(void* address, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    allocations_[reinterpret_cast<std::uintptr_t>(address)] = {bytes, false};
}

void GlobalMemory::withdraw(void* address) noexcept {
    const std::lock_guard lock(mutex_);
    allocations_.erase(reinterpret_cast<std::uintptr_t>(address));
}

GlobalMemory::View GlobalMemory::view() const {
    const std::lock_guard lock(mutex_);
    std::vector<Range> ranges;
    for (const auto& [address, allocation] : allocations_)
        ranges.push_back({address, address + allocation.bytes});
    return View(std::move(ranges));
}

} // namespace chela::emulator
