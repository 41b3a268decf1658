#include "runtime/emulator/access.hpp"

#include "runtime/emulator/executor.hpp"

#include <fmt/format.h>

namespace chela::emulator {

void check_shared(Executor& executor, Thread& self, std::uintptr_t address, std::size_t bytes,
                  std::size_t alignment, bool write, std::uint32_t site, const char* what) {
    Block* owner = self.block;
    if (!owner->shared.near(address)) {
        owner = nullptr;
        for (Block& block : executor.blocks())
            if (block.shared.near(address)) owner = &block;
        if (!owner)
            executor.fail(self, site, fmt::format("{} an address that is not in shared memory", what));
        if (owner->exited == static_cast<int>(owner->threads.size()))
            executor.fail(
                self, site,
                fmt::format("{} the shared memory of block {} of the cluster, which has left the kernel",
                            what, owner->rank));
    }
    const std::size_t offset = owner->shared.offset(address);
    if (!owner->shared.holds(address, bytes))
        executor.fail(
            self, site,
            fmt::format("{} {} bytes at offset {} of shared memory, out of bounds: the block has {} bytes",
                        what, bytes, offset, owner->shared.bytes()));
    if (address % alignment != 0)
        executor.fail(
            self, site,
            fmt::format("{} {} bytes at offset {} of shared memory, misaligned: it must be a multiple of {}",
                        what, bytes, offset, alignment));
    if (const char* conflict = owner->shared.conflict(offset, bytes, write))
        executor.fail(self, site, fmt::format("{} (offset {}, {} bytes)", conflict, offset, bytes));
    if (write) owner->shared.forget_layout(offset, bytes);
    if (executor.races()) {
        const auto race = executor.races()->access(self, *owner, offset, bytes, write, site);
        if (race)
            executor.fail(self, site, executor.races()->describe(*race, write, offset, executor.launch()));
    }
}

void Executor::check_global(Thread& self, std::uintptr_t address, std::size_t bytes, std::uint32_t site,
                            const char* what) {
    const auto inside = [&](const GlobalMemory::Range* range) {
        return range && address >= range->begin && address + bytes <= range->end;
    };
    if (inside(last_range_)) return;
    const GlobalMemory::Range* range = launch_->memory.find(address);
    if (inside(range)) {
        last_range_ = range;
        return;
    }
    // The first byte that is outside tells more than the first of the access.
    const std::string place = launch_->memory.describe(range ? range->end : address);
    fail(self, site, fmt::format("{} {} bytes of global memory out of bounds: {}", what, bytes, place));
}

void check_access(Executor& executor, Thread& self, std::uintptr_t address, std::size_t bytes,
                  std::size_t alignment, bool write, std::uint32_t site) {
    const char* what = write ? "writes" : "reads";
    if (self.block->shared.near(address))
        return check_shared(executor, self, address, bytes, alignment, write, site, what);
    if (address >= self.stack_begin && address < self.stack_end) return;
    if (executor.blocks().size() > 1)
        for (Block& block : executor.blocks())
            if (block.shared.near(address))
                return check_shared(executor, self, address, bytes, alignment, write, site, what);
    const Launch& launch = executor.launch();
    const auto arguments = reinterpret_cast<std::uintptr_t>(launch.arguments);
    if (!write && address >= arguments && address + bytes <= arguments + launch.argument_bytes) return;
    if (address % alignment != 0)
        executor.fail(self, site,
                      fmt::format("{} {} bytes of global memory misaligned: {:#x} is no multiple of {}", what,
                                  bytes, address, alignment));
    executor.check_global(self, address, bytes, site, what);
}

} // namespace chela::emulator
