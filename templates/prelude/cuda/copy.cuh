#pragma once
// Asynchronous copies of a thread from global to shared memory, in groups (compute capability 8.0).

#include "prelude/cuda/types.cuh"

namespace chela {

/// Copies 4, 8 or 16 bytes, both addresses multiples of the size. Not valid: writes zeros and does not read.
template <int bytes>
CHELA_DEVICE void cp_async(void* shared, const void* global, bool valid = true) {
    static_assert(bytes == 4 || bytes == 8 || bytes == 16, "cp.async copies 4, 8 or 16 bytes");
    const int source_bytes = valid ? bytes : 0;
    if constexpr (bytes == 16)
        asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(shared_address(shared)),
                     "l"(global), "r"(source_bytes)
                     : "memory");
    else
        asm volatile("cp.async.ca.shared.global.L2::128B [%0], [%1], %2, %3;" ::"r"(shared_address(shared)),
                     "l"(global), "n"(bytes), "r"(source_bytes)
                     : "memory");
}

/// Closes the group of the copies that this thread issued since the last commit (it may be empty).
CHELA_DEVICE void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits until at most `groups_left` of this thread's newest groups are unfinished. Other threads see the
/// data after a barrier.
template <int groups_left>
CHELA_DEVICE void cp_async_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(groups_left) : "memory");
}

} // namespace chela
