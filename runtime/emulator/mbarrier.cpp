#include "runtime/emulator/mbarrier.hpp"

#include "runtime/emulator/access.hpp"
#include "runtime/emulator/engine.hpp"
#include "runtime/emulator/executor.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela::emulator {

namespace {

constexpr int largest_count = (1 << 20) - 1;

Block& owner_of(Executor& executor, Thread& self, std::uintptr_t address) {
    for (Block& block : executor.blocks())
        if (block.shared.near(address)) return block;
    return *self.block;
}

/// Using a barrier is a read of it: one must have seen its initialisation.
void use(Executor& executor, Thread& self, std::uintptr_t address, std::uint32_t site) {
    if (!executor.races()) return;
    const Block& owner = owner_of(executor, self, address);
    const std::size_t offset = owner.shared.offset(address);
    if (const auto race = executor.races()->access(self, owner, offset, 8, false, site))
        executor.fail(self, site, executor.races()->describe(*race, false, offset, executor.launch()));
}

} // namespace

MBarrier& MBarriers::at(Executor& executor, Thread& self, std::uintptr_t address, std::uint32_t site) {
    const auto found = barriers_.find(address);
    if (found == barriers_.end())
        executor.fail(self, site,
                      fmt::format("uses an mbarrier at offset {} of shared memory that is not initialised",
                                  owner_of(executor, self, address).shared.offset(address)));
    return found->second;
}

void MBarriers::init(Executor& executor, Thread& self, std::uintptr_t address, int arrivals,
                     std::uint32_t site) {
    if (arrivals < 1 || arrivals > largest_count)
        executor.fail(self, site,
                      fmt::format("mbarrier for {} arrivals: 1 to {} are possible", arrivals, largest_count));
    if (barriers_.contains(address))
        executor.fail(self, site, "initialises an mbarrier that is alive: barrier_invalidate() comes first");
    check_shared(executor, self, address, 8, 8, true, site, "an mbarrier takes");
    MBarrier& barrier = barriers_[address];
    barrier.expected = barrier.pending = arrivals;
    self.block->shared.begin_barrier(self.block->shared.offset(address));
}

void MBarriers::invalidate(Executor& executor, Thread& self, std::uintptr_t address, std::uint32_t site) {
    const MBarrier& barrier = at(executor, self, address, site);
    if (!barrier.waiting.empty())
        executor.fail(self, site,
                      fmt::format("invalidates an mbarrier that {} threads wait at", barrier.waiting.size()));
    barriers_.erase(address);
    self.block->shared.end_barrier(self.block->shared.offset(address));
    check_shared(executor, self, address, 8, 8, true, site, "an mbarrier takes");
}

void MBarriers::end_phase_if_done(Executor& executor, MBarrier& barrier) {
    if (barrier.pending != 0 || barrier.bytes != 0) return;
    ++barrier.phase;
    barrier.pending = barrier.expected;
    const auto done = std::stable_partition(
        barrier.waiting.begin(), barrier.waiting.end(),
        [&](const MBarrier::Waiter& waiter) { return !barrier.has_ended(waiter.parity); });
    for (auto waiter = done; waiter != barrier.waiting.end(); ++waiter) executor.wake(*waiter->thread);
    barrier.waiting.erase(done, barrier.waiting.end());
}

void MBarriers::arrive(Executor& executor, Thread& self, std::uintptr_t address, std::uint32_t site) {
    MBarrier& barrier = at(executor, self, address, site);
    use(executor, self, address, site);
    if (barrier.pending == 0)
        executor.fail(self, site,
                      fmt::format("mbarrier phase error: arrival {} of a phase of {} arrivals",
                                  barrier.expected + 1, barrier.expected));
    if (executor.races()) executor.races()->release(self, address);
    --barrier.pending;
    end_phase_if_done(executor, barrier);
}

void MBarriers::expect(Executor& executor, Thread& self, std::uintptr_t address, std::int64_t bytes,
                       std::uint32_t site) {
    MBarrier& barrier = at(executor, self, address, site);
    use(executor, self, address, site);
    if (bytes < 0 || bytes > largest_count)
        executor.fail(self, site,
                      fmt::format("mbarrier expects {} bytes: 0 to {} are possible", bytes, largest_count));
    barrier.bytes += bytes;
}

void MBarriers::complete(Executor& executor, Thread& issuer, std::uintptr_t address, std::int64_t bytes,
                         std::uint32_t site) {
    MBarrier& barrier = at(executor, issuer, address, site);
    barrier.bytes -= bytes;
    end_phase_if_done(executor, barrier);
}

void MBarriers::wait(Executor& executor, Thread& self, std::uintptr_t address, std::uint32_t parity,
                     std::uint32_t site) {
    MBarrier& barrier = at(executor, self, address, site);
    use(executor, self, address, site);
    if (!barrier.has_ended(parity)) {
        barrier.waiting.push_back({&self, parity});
        executor.wait(self, parity ? "an mbarrier's phase of parity 1" : "an mbarrier's phase of parity 0",
                      site);
    }
    if (executor.races()) executor.races()->acquire(self, address);
}

} // namespace chela::emulator

using namespace chela::emulator;

namespace {
std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }
} // namespace

extern "C" {

void chela_emulator_mbarrier_init(void* barrier, int arrivals, unsigned site) {
    current_executor().mbarriers().init(current_executor(), current_thread(), number(barrier), arrivals,
                                        site);
}
void chela_emulator_mbarrier_invalidate(void* barrier, unsigned site) {
    current_executor().mbarriers().invalidate(current_executor(), current_thread(), number(barrier), site);
}
void chela_emulator_mbarrier_arrive(void* barrier, unsigned site) {
    current_executor().mbarriers().arrive(current_executor(), current_thread(), number(barrier), site);
}
void chela_emulator_mbarrier_expect(void* barrier, int bytes, unsigned site) {
    current_executor().mbarriers().expect(current_executor(), current_thread(), number(barrier), bytes, site);
}
bool chela_emulator_mbarrier_try_wait(void* barrier, unsigned parity, unsigned site) {
    Executor& executor = current_executor();
    if (executor.random_async() && executor.random()() % 4 == 0) executor.pending().land_one(executor);
    executor.mbarriers().wait(executor, current_thread(), number(barrier), parity, site);
    return true;
}
void chela_emulator_mbarrier_arrive_on_cp_async(void* barrier, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    executor.mbarriers().at(executor, self, number(barrier), site);
    signal_after_copies(executor, self, number(barrier), site);
}
}
