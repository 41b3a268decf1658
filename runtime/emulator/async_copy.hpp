#pragma once
// Copies that run beside the threads. They land as late as the rules allow, so that a wait that is missing
// shows.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chela::emulator {

class Executor;
struct Thread;
struct Block;

/// One cp.async.
struct Copy {
    std::byte* target = nullptr;
    const std::byte* source = nullptr;
    std::uint32_t bytes = 0;
    std::uint32_t group = 0; ///< the first is 1
    std::uint32_t site = 0;
    bool valid = true; ///< false: zeros, source not read
    bool landed = false;
};

/// The cp.async of one thread, oldest first.
struct CopyGroups {
    std::vector<Copy> copies;
    std::uint32_t committed = 0; ///< groups closed so far
    std::uint64_t issued = 0, completed = 0;
    struct Signal { ///< an mbarrier that is arrived at when the copies issued before it have landed
        std::uint64_t after;
        std::uintptr_t barrier;
        std::uint32_t site;
    };
    std::vector<Signal> signals;
};

void issue_copy(Executor&, Thread&, const Copy&);
/// Waits until at most `groups_left` closed groups remain: everything older lands now.
void wait_for_copies(Executor&, Thread&, std::uint32_t groups_left);
/// cp.async.mbarrier.arrive: arrives at the barrier when everything that this thread issued has landed.
void signal_after_copies(Executor&, Thread&, std::uintptr_t barrier, std::uint32_t site);
/// Lands what the oldest signal waits for.
void land_for_signal(Executor&, Thread&);
/// Everything lands: the thread leaves the kernel.
void finish_copies(Executor&, Thread&);

} // namespace chela::emulator
