#pragma once
// Runs the blocks of one cluster on one core: a fiber for each CUDA thread, switched where threads wait for
// each other, and nowhere else. An executor is reused for cluster after cluster.

#include "runtime/emulator/async_copy.hpp"
#include "runtime/emulator/bulk_copy.hpp"
#include "runtime/emulator/cluster.hpp"
#include "runtime/emulator/fiber.hpp"
#include "runtime/emulator/launch.hpp"
#include "runtime/emulator/mbarrier.hpp"
#include "runtime/emulator/race_detector.hpp"
#include "runtime/emulator/shared_memory.hpp"
#include "runtime/emulator/warpgroup.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace chela::emulator {

struct Block;
struct Warp;

/// What a thread waits for; `name` appears in reports.
struct Waiting {
    const char* name = nullptr; ///< null: does not wait
    std::uint32_t site = 0;
};

struct Thread {
    FiberContext context = nullptr;
    Block* block = nullptr;
    Warp* warp = nullptr;
    int index = 0; ///< in its block
    int lane = 0;
    int number = 0; ///< in its cluster
    bool exited = false;
    Waiting waiting;
    CopyGroups copies;      ///< cp.async
    BulkGroups bulk_stores; ///< TMA and bulk stores
    std::uintptr_t stack_begin = 0, stack_end = 0;

    std::uint32_t bit() const { return 1u << lane; }
};

/// The lanes of a warp meet at an instruction: the last one to arrive performs it for all.
struct Warp {
    Block* block = nullptr;
    Thread* threads = nullptr;
    int count = 0;
    std::uint32_t ready = 0, exited = 0;
    std::uint32_t arrived = 0;
    const char* instruction = nullptr; ///< compared as a pointer: a string literal of the engine
    std::uint32_t site = 0;
    std::array<void*, 32> operands{};

    std::uint32_t present() const { return count == 32 ? ~0u : (1u << count) - 1u; }
    std::uint32_t alive() const { return present() & ~exited; }
};

/// Barrier 0 is sync_threads().
struct NamedBarrier {
    int expected = 0, arrived = 0;
    std::uint32_t site = 0;
    std::vector<Thread*> waiting, arrivals;
};

struct Block {
    std::int64_t index = 0;
    int rank = 0; ///< in the cluster
    int exited = 0;
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    std::vector<Warpgroup> warpgroups;
    SharedMemory shared;
    std::array<NamedBarrier, 16> barriers;
};

class Executor {
  public:
    Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    /// Runs cluster number `cluster` to its end or to its first failure, which the launch is told.
    void run(Launch& launch, std::int64_t cluster);

    Launch& launch() { return *launch_; }
    std::vector<Block>& blocks() { return blocks_; }
    /// Null unless races are checked.
    RaceDetector* races() { return races_.get(); }
    MBarriers& mbarriers() { return mbarriers_; }
    PendingCopies& pending() { return pending_; }
    ClusterBarrier& cluster() { return cluster_; }
    std::mt19937_64& random() { return random_; }
    bool random_async() const { return launch_->options.random_async(); }

    /// The calling thread waits until wake() is called for it.
    void wait(Thread& self, const char* name, std::uint32_t site);
    void wake(Thread& thread);
    void wake(Warp& warp, std::uint32_t lanes);
    /// Lets every other thread that can run do so.
    void yield(Thread& self, const char* name, std::uint32_t site);
    /// Ends the run of the cluster with a report at this thread.
    [[noreturn]] void fail(const Thread& thread, std::uint32_t site, const std::string& what);

    /// Fails unless global memory holds the range; `what` begins the report: "cp.async reads".
    void check_global(Thread& self, std::uintptr_t address, std::size_t bytes, std::uint32_t site,
                      const char* what);

  private:
    void prepare(Launch& launch, std::int64_t cluster);
    Thread* pick();
    void switch_to(Thread& next);
    static void fiber_main(FiberTransfer from);
    void leave(Thread& self);
    [[noreturn]] void finish();
    [[noreturn]] void report_deadlock();

    Launch* launch_ = nullptr;
    FiberStacks stacks_;
    FiberContext main_ = nullptr;
    std::vector<Block> blocks_;
    std::vector<Warp*> warps_; ///< of all blocks
    std::size_t current_warp_ = 0;
    int alive_ = 0;
    std::mt19937_64 random_;
    std::unique_ptr<RaceDetector> races_;
    MBarriers mbarriers_;
    PendingCopies pending_;
    ClusterBarrier cluster_;
    const GlobalMemory::Range* last_range_ = nullptr;
};

/// The thread whose fiber runs on this core, and its executor.
Thread& current_thread();
Executor& current_executor();

/// "threads 0 to 31, 40 and 64 to 95".
std::string describe_threads(const std::vector<int>& threads);

} // namespace chela::emulator
