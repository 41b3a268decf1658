#include "runtime/emulator/async_copy.hpp"

#include "runtime/emulator/access.hpp"
#include "runtime/emulator/executor.hpp"

#include <cstring>

namespace chela::emulator {

namespace {

void land(Copy& copy) {
    if (copy.landed) return;
    if (copy.valid)
        std::memcpy(copy.target, copy.source, copy.bytes);
    else
        std::memset(copy.target, 0, copy.bytes);
    copy.landed = true;
}

/// The first `count` copies become visible to their thread.
void complete(Executor& executor, Thread& self, std::size_t count) {
    auto& copies = self.copies.copies;
    SharedMemory& shared = self.block->shared;
    for (std::size_t i = 0; i < count; ++i) {
        land(copies[i]);
        const std::size_t offset = shared.offset(reinterpret_cast<std::uintptr_t>(copies[i].target));
        shared.end_incoming(offset, copies[i].bytes);
        // Races were reported when the copy was issued; here it counts as written, for those who read later.
        if (executor.races())
            executor.races()->access(self, *self.block, offset, copies[i].bytes, true, copies[i].site);
    }
    copies.erase(copies.begin(), copies.begin() + static_cast<std::ptrdiff_t>(count));
    self.copies.completed += count;
    auto& signals = self.copies.signals;
    while (!signals.empty() && signals.front().after <= self.copies.completed) {
        const CopyGroups::Signal signal = signals.front();
        signals.erase(signals.begin());
        executor.mbarriers().arrive(executor, self, signal.barrier, signal.site);
    }
}

} // namespace

void issue_copy(Executor& executor, Thread& self, const Copy& request) {
    const std::uint32_t site = request.site;
    const auto target = reinterpret_cast<std::uintptr_t>(request.target);
    const auto source = reinterpret_cast<std::uintptr_t>(request.source);
    check_shared(executor, self, target, request.bytes, request.bytes, true, site, "cp.async");
    if (request.valid) {
        if (source % request.bytes != 0)
            executor.fail(self, site,
                          "cp.async reads global memory at an address that is no multiple of its size");
        executor.check_global(self, source, request.bytes, site, "cp.async reads");
    }
    Copy copy = request;
    copy.group = self.copies.committed + 1;
    SharedMemory& shared = self.block->shared;
    shared.begin_incoming(shared.offset(target), copy.bytes);
    // As early as possible, or as late; poison shows who reads in between.
    if (executor.random_async() && executor.random()() % 2 == 0)
        land(copy);
    else
        std::memset(copy.target, 0xff, copy.bytes);
    self.copies.copies.push_back(copy);
    ++self.copies.issued;
}

void wait_for_copies(Executor& executor, Thread& self, std::uint32_t groups_left) {
    CopyGroups& groups = self.copies;
    std::size_t count = 0;
    while (count < groups.copies.size() && groups.copies[count].group + groups_left <= groups.committed)
        ++count;
    if (count) complete(executor, self, count);
}

void signal_after_copies(Executor& executor, Thread& self, std::uintptr_t barrier, std::uint32_t site) {
    self.copies.signals.push_back({self.copies.issued, barrier, site});
    if (self.copies.copies.empty())
        complete(executor, self, 0);
    else
        executor.pending().add_signal(self);
}

void land_for_signal(Executor& executor, Thread& self) {
    if (self.copies.signals.empty()) return; // a wait was faster
    complete(executor, self,
             static_cast<std::size_t>(self.copies.signals.front().after - self.copies.completed));
}

void finish_copies(Executor& executor, Thread& self) { complete(executor, self, self.copies.copies.size()); }

} // namespace chela::emulator
