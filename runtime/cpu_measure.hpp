#pragma once
// What the processor can do at most, measured, and a way to make its caches cold.

#include <cstddef>
#include <tbb/task_arena.h>
#include <vector>

namespace chela {

/// Bytes of all caches of the last level together; 32 MiB where the system does not tell.
std::size_t last_level_cache_bytes();

/// Replaces what the caches of all cores hold.
class CacheFlush {
  public:
    CacheFlush();
    void run(tbb::task_arena& arena);

  private:
    std::vector<float> buffer_;
};

/// Bytes per second, read plus written, of a copy much larger than the caches by all threads of the arena:
/// the best of several copies.
double measure_copy_bandwidth(tbb::task_arena& arena);

/// fp32 operations per second of all threads of the arena (a multiplication fused with an addition counts as
/// two), in the widest vectors that the processor has and with more independent sums than it needs to hide
/// the latency. Per second of processor time, so that other programs do not lower it: the median of several
/// rounds.
double measure_peak_flops(tbb::task_arena& arena);

} // namespace chela
