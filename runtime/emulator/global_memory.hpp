#pragma once
// The device memory of the emulator: which addresses a kernel may touch.

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace chela::emulator {

class GlobalMemory {
  public:
    struct Range {
        std::uintptr_t begin, end;
    };

    /// The allocations at one moment, sorted: what a launch checks against without a lock.
    class View {
      public:
        View() = default;
        explicit View(std::vector<Range> ranges) : ranges_(std::move(ranges)) {}
        /// The allocation that holds the address, or null.
        const Range* find(std::uintptr_t address) const;
        /// Where an address lies that no allocation holds: "16 bytes after an allocation of 4096 bytes".
        std::string describe(std::uintptr_t address) const;

      private:
        std::vector<Range> ranges_;
    };

    GlobalMemory() = default;
    ~GlobalMemory();
    GlobalMemory(const GlobalMemory&) = delete;
    GlobalMemory& operator=(const GlobalMemory&) = delete;

    /// Aligned to 256 bytes, filled with 0xff: NaN in every floating-point type. Throws DeviceError.
    void* allocate(std::size_t bytes);
    void free(void* address) noexcept;
    /// Memory of the caller that kernels may use until it is withdrawn.
    void lend(void* address, std::size_t bytes);
    void withdraw(void* address) noexcept;
    View view() const;

  private:
    struct Allocation {
        std::size_t bytes;
        bool owned;
    };
    mutable std::mutex mutex_;
    std::map<std::uintptr_t, Allocation> allocations_;
};

} // namespace chela::emulator
