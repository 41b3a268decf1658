#include "runtime/emulator/fiber.hpp"

#include "codegen/error.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/mman.h>

namespace chela::emulator {

namespace {
constexpr std::size_t guard_bytes = 4096;
}

FiberStacks::~FiberStacks() {
    if (base_) munmap(reinterpret_cast<void*>(base_), count_ * stack_bytes);
}

void FiberStacks::reserve(std::size_t count) {
    if (count <= count_) return;
    if (base_) munmap(reinterpret_cast<void*>(base_), count_ * stack_bytes);
    base_ = 0, count_ = 0;
    void* memory = mmap(nullptr, count * stack_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        throw DeviceError(
            fmt::format("emulator: no memory for the stacks of {} threads: {}", count, std::strerror(errno)));
    base_ = reinterpret_cast<std::uintptr_t>(memory);
    count_ = count;
    for (std::size_t i = 0; i < count; ++i)
        mprotect(reinterpret_cast<void*>(base_ + i * stack_bytes), guard_bytes, PROT_NONE);
}

std::uintptr_t FiberStacks::begin(std::size_t index) const {
    return base_ + index * stack_bytes + guard_bytes;
}

std::uintptr_t FiberStacks::top(std::size_t index) const {
    return base_ + (index + 1) * stack_bytes - index * 5 % 64 * 64;
}

} // namespace chela::emulator
