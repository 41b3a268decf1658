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
    struct Signal {              ///< an mbarrier that is arrived at when the copies before have landed
        std::size_t copies = 0;
        std::uintptr_t barrier = 0;
        std::uint32_t site = 0;
    };
    std::vector<Signal> signals;
};

void issue_copy(Executor&, Thread&, const Copy&);
/// Waits until at most `groups_left` closed groups remain: everything older lands now.
void wait_for_copies(Executor&, Thread&, std::uint32_t groups_left);
/// Everything lands: the thread leaves the kernel.
void finish_copies(Executor&, Thread&);

} // namespace chela::emulator
