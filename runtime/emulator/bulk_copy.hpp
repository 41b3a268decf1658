#pragma once
// TMA: boxes of tensors and plain runs of bytes. Loads land when nothing else can run, or earlier at random;
// stores read and write when they are waited for.

#include "runtime/emulator/race_detector.hpp"
#include "runtime/emulator/tensor_map.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace chela::emulator {

class Executor;
struct Thread;
struct Block;

/// One load into one or several blocks of the cluster.
struct BulkLoad {
    Thread* issuer = nullptr;
    std::vector<Block*> targets;
    std::size_t offset = 0;         ///< of the destination in each block's shared memory
    std::size_t barrier_offset = 0; ///< of the mbarrier that the bytes are completed on, in each block
    std::size_t bytes = 0;
    std::vector<BoxRun> runs;
    TensorSwizzle swizzle = TensorSwizzle::none;
    OutOfBoundsFill fill = OutOfBoundsFill::zeros;
    int element_bytes = 1;
    Clock clock; ///< what the issuer knew, for the race detector
    std::uint32_t site = 0;
};

/// One store of the issuing thread.
struct BulkStore {
    std::size_t offset = 0, bytes = 0;
    std::vector<BoxRun> runs; ///< address 0: outside, not written
    TensorSwizzle swizzle = TensorSwizzle::none;
    std::vector<std::byte> data; ///< once it has been read
    bool read = false;
    std::uint32_t group = 0;
    std::uint32_t site = 0;
};

struct BulkGroups {
    std::vector<BulkStore> stores;
    std::uint32_t committed = 0;
};

/// What will happen without any thread's doing.
class PendingCopies {
  public:
    void clear();
    void add(BulkLoad load) { loads_.push_back(std::move(load)); }
    void add_signal(Thread& thread) { signals_.push_back(&thread); }
    /// Lets one happen, the oldest or a random one. False where there is none.
    bool land_one(Executor&);

  private:
    std::deque<BulkLoad> loads_;
    std::deque<Thread*> signals_; ///< threads with cp.async that an mbarrier waits for
};

void issue_load(Executor&, Thread&, BulkLoad);
void issue_store(Executor&, Thread&, BulkStore);
/// Waits until at most `groups_left` groups have not read their shared memory (or, not `read_only`, not
/// written).
void wait_for_stores(Executor&, Thread&, std::uint32_t groups_left, bool read_only);
/// The thread leaves the kernel: stores are finished, unless they still read shared memory, which is an
/// error.
void finish_stores(Executor&, Thread&);

} // namespace chela::emulator
