#include "runtime/parallel.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

namespace chela::detail {

void parallel_ranges(Arena* arena, std::int64_t count, void (*call)(const void*, std::int64_t, std::int64_t),
                     const void* work) {
    using Range = oneapi::tbb::blocked_range<std::int64_t>;
    const Range all(0, count, 1);
    const auto body = [&](const Range& range) { call(work, range.begin(), range.end()); };
    if (arena) {
        arena->execute([&] { oneapi::tbb::parallel_for(all, body, oneapi::tbb::simple_partitioner()); });
    } else {
        oneapi::tbb::parallel_for(all, body);
    }
}

} // namespace chela::detail
