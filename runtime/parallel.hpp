#pragma once
// Loops on oneTBB's threads. oneTBB is not built for the thread sanitizer, which does not see that a task
// starts after the loop was entered and ends before it is left. Here it is told so, parallel.cpp hides
// oneTBB's own objects from it (runtime/CMakeLists.txt), and it sees everything else.

#include <cstddef>
#include <cstdint>
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace tbb::detail::d1 {
class task_arena;
}

namespace chela {

using Arena = tbb::detail::d1::task_arena;

namespace detail {
/// Disjoint ranges that make up 0 … count: in an arena with every index a task, else on the caller's threads.
void parallel_ranges(Arena* arena, std::int64_t count,
                     void (*call)(const void* work, std::int64_t begin, std::int64_t end), const void* work);

template <class Work>
void parallel(Arena* arena, std::int64_t count, const Work& work) {
#ifdef __SANITIZE_THREAD__
    struct Loop {
        const Work& work;
        std::int64_t left =
            0; ///< its address stands for the end of the tasks, the loop's own for their start
    } loop{work};
    const auto call = [](const void* of, std::int64_t begin, std::int64_t end) {
        __tsan_acquire(const_cast<void*>(of));
        Loop& entered = *static_cast<Loop*>(const_cast<void*>(of));
        entered.work(begin, end);
        __tsan_release(&entered.left);
    };
    __tsan_release(&loop);
    parallel_ranges(arena, count, call, &loop);
    __tsan_acquire(&loop.left);
#else
    const auto call = [](const void* of, std::int64_t begin, std::int64_t end) {
        (*static_cast<const Work*>(of))(begin, end);
    };
    parallel_ranges(arena, count, call, &work);
#endif
}
} // namespace detail

/// Calls work(begin, end) for disjoint ranges that make up 0 … count.
template <class Work>
void parallel(std::int64_t count, const Work& work) {
    detail::parallel(nullptr, count, work);
}

/// The same on the threads of `arena`, every index a task: for indices that are few and take long.
template <class Work>
void parallel(Arena& arena, std::int64_t count, const Work& work) {
    detail::parallel(&arena, count, work);
}

/// Calls work(index) for every index from 0 to count.
template <class Work>
void parallel_each(std::size_t count, const Work& work) {
    parallel(static_cast<std::int64_t>(count), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i != end; ++i) work(static_cast<std::size_t>(i));
    });
}

} // namespace chela
