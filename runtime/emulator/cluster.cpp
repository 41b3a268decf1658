#include "runtime/emulator/cluster.hpp"

#include "runtime/emulator/engine.hpp"
#include "runtime/emulator/executor.hpp"

#include <fmt/format.h>

namespace chela::emulator {

void ClusterBarrier::reset(std::size_t threads) {
    arrived_ = 0;
    phase_ = 0;
    arrived_phase_.assign(threads, 0);
    waiting_.clear();
}

void ClusterBarrier::arrive(Executor& executor, Thread& self, std::uint32_t site) {
    std::uint64_t& mine = arrived_phase_[static_cast<std::size_t>(self.number)];
    if (mine) executor.fail(self, site, "cluster_arrive twice without cluster_wait between");
    mine = phase_ + 1;
    // The same object for every phase: a thread cannot arrive again before all have left the phase before.
    if (executor.races()) executor.races()->release(self, reinterpret_cast<std::uintptr_t>(this));
    if (++arrived_ < arrived_phase_.size()) return;
    arrived_ = 0;
    ++phase_;
    for (Thread* thread : waiting_) executor.wake(*thread);
    waiting_.clear();
}

void ClusterBarrier::wait(Executor& executor, Thread& self, std::uint32_t site) {
    std::uint64_t& mine = arrived_phase_[static_cast<std::size_t>(self.number)];
    if (!mine) executor.fail(self, site, "cluster_wait without cluster_arrive before");
    if (mine > phase_) {
        waiting_.push_back(&self);
        executor.wait(self, "the barrier of the cluster", site);
    }
    mine = 0;
    if (executor.races()) executor.races()->acquire(self, reinterpret_cast<std::uintptr_t>(this));
}

} // namespace chela::emulator

using namespace chela::emulator;

namespace {

SharedMemory& shared_of_rank(Executor& executor, Thread& self, int rank, unsigned site) {
    if (rank < 0 || rank >= static_cast<int>(executor.blocks().size()))
        executor.fail(self, site,
                      fmt::format("block {} of a cluster of {} blocks", rank, executor.blocks().size()));
    return executor.blocks()[static_cast<std::size_t>(rank)].shared;
}

} // namespace

extern "C" {

int chela_emulator_cluster_rank() { return current_thread().block->rank; }
int chela_emulator_cluster_blocks() { return static_cast<int>(current_executor().blocks().size()); }
void chela_emulator_cluster_arrive(unsigned site) {
    current_executor().cluster().arrive(current_executor(), current_thread(), site);
}
void chela_emulator_cluster_wait(unsigned site) {
    current_executor().cluster().wait(current_executor(), current_thread(), site);
}
void* chela_emulator_map_shared_rank(void* shared, int rank, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    const auto address = reinterpret_cast<std::uintptr_t>(shared);
    if (!self.block->shared.near(address))
        executor.fail(self, site, "maps an address that is not in the block's shared memory");
    return shared_of_rank(executor, self, rank, site).base() + self.block->shared.offset(address);
}
}
