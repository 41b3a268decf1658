// sync_threads, sync_warp and named barriers.

#include "runtime/emulator/engine.hpp"
#include "runtime/emulator/meeting.hpp"

using namespace chela::emulator;

namespace {

void arrive(Executor& executor, Thread& self, int number, int threads, bool waits, std::uint32_t site) {
    Block& block = *self.block;
    NamedBarrier& barrier = block.barriers[static_cast<std::size_t>(number)];
    const char* const name = number == 0 ? "sync_threads" : "named_barrier_sync";
    if (number == 0 && block.exited)
        executor.fail(
            self, site,
            fmt::format("sync_threads, but {} threads of the block left the kernel before", block.exited));
    if (barrier.arrived == 0) {
        barrier.expected = threads;
        barrier.site = site;
    } else if (barrier.expected != threads) {
        executor.fail(self, site,
                      fmt::format("named barrier {} for {} threads here, but for {} at {}", number, threads,
                                  barrier.expected, executor.launch().describe(barrier.site)));
    }
    ++barrier.arrived;
    if (executor.races()) barrier.arrivals.push_back(&self);
    if (waits && barrier.arrived < barrier.expected) {
        barrier.waiting.push_back(&self);
        return executor.wait(self, name, site);
    }
    if (barrier.arrived < barrier.expected) return;
    if (executor.races()) executor.races()->synchronize(std::span<Thread* const>(barrier.arrivals));
    for (Thread* thread : barrier.waiting) executor.wake(*thread);
    barrier.waiting.clear();
    barrier.arrivals.clear();
    barrier.arrived = 0;
}

} // namespace

extern "C" {

void chela_emulator_sync_threads(unsigned site) {
    Thread& self = current_thread();
    arrive(current_executor(), self, 0, static_cast<int>(self.block->threads.size()), true, site);
}

void chela_emulator_named_barrier(int barrier, int threads, bool wait, unsigned site) {
    Thread& self = current_thread();
    Executor& executor = current_executor();
    if (barrier < 1 || barrier > 15)
        executor.fail(self, site, fmt::format("named barrier {}: there are 1 to 15", barrier));
    if (threads <= 0 || threads % 32 != 0 || threads > static_cast<int>(self.block->threads.size()))
        executor.fail(
            self, site,
            fmt::format("named barrier {} for {} threads: it must be a multiple of 32 up to the block's {}",
                        barrier, threads, self.block->threads.size()));
    arrive(executor, self, barrier, threads, wait, site);
}

void chela_emulator_sync_warp(unsigned site) {
    Executor& executor = current_executor();
    meet(executor, current_thread(), "sync_warp", nullptr, site, [&](Warp& warp) {
        if (executor.races())
            executor.races()->synchronize(
                std::span<Thread>(warp.threads, static_cast<std::size_t>(warp.count)));
    });
}
}
