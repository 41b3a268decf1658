#pragma once
// The launch on the CPU: the blocks of a grid on oneTBB's threads, each thread with scratch memory of its
// own.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/task_arena.h>

namespace chela {

/// Memory from std::aligned_alloc, to be freed by std::free. Throws DeviceError.
void* allocate_aligned(std::size_t alignment, std::size_t bytes);

/// Thread-safe.
class BlockPool {
  public:
    /// 0 threads, or more than there are: every processor that this process may run on. Throws UserError on a
    /// negative number.
    explicit BlockPool(int threads);

    /// A compiled kernel: one block of it. `scratch` is aligned to 64 bytes, null where none was asked for.
    using Function = void (*)(const void* arguments, long long block, void* scratch);
    /// Calls the function once for each block, and returns when all have. Throws DeviceError where there is
    /// no memory for the scratch.
    void run(Function function, std::int64_t grid, const void* arguments, std::size_t scratch_bytes);

    int threads() const { return arena_.max_concurrency(); }
    oneapi::tbb::task_arena& arena() { return arena_; }

  private:
    struct Free {
        void operator()(void* memory) const;
    };
    /// Of one thread: kept between blocks and launches, grown when a kernel needs more.
    class Scratch {
      public:
        void* reserve(std::size_t bytes);

      private:
        std::unique_ptr<void, Free> memory_;
        std::size_t capacity_ = 0;
    };

    oneapi::tbb::task_arena arena_;
    oneapi::tbb::enumerable_thread_specific<Scratch> scratch_;
};

} // namespace chela
