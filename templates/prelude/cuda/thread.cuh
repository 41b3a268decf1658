#pragma once
// Who a thread is, and how threads of a block meet and exchange registers.

#include "prelude/cuda/types.cuh"

namespace chela {

CHELA_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
CHELA_DEVICE int64 block_index() { return static_cast<int64>(blockIdx.x); }
CHELA_DEVICE int block_threads() { return static_cast<int>(blockDim.x); }
CHELA_DEVICE int64 grid_blocks() { return static_cast<int64>(gridDim.x); }
CHELA_DEVICE int lane() { return static_cast<int>(threadIdx.x & 31u); }
/// The same value in all lanes, known to the compiler as uniform.
CHELA_DEVICE int warp_index() { return __shfl_sync(0xffffffffu, static_cast<int>(threadIdx.x >> 5), 0); }

/// Every thread of the block must arrive.
CHELA_DEVICE void sync_threads() { __syncthreads(); }
/// Every lane of the warp must arrive. Orders the warp's accesses of shared memory.
CHELA_DEVICE void sync_warp() { __syncwarp(); }
/// Barrier 1 to 15 for `threads` threads (a multiple of 32) of the block: waits for all of them.
CHELA_DEVICE void named_barrier_sync(int barrier, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}
/// Counts as arrived at the barrier, does not wait.
CHELA_DEVICE void named_barrier_arrive(int barrier, int threads) {
    asm volatile("bar.arrive %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}

// Whole warps only: T is int, unsigned or float.
template <class T>
CHELA_DEVICE T shuffle(T value, int source_lane) {
    return __shfl_sync(0xffffffffu, value, source_lane);
}
template <class T>
CHELA_DEVICE T shuffle_xor(T value, int lane_mask) {
    return __shfl_xor_sync(0xffffffffu, value, lane_mask);
}
/// The value of the lane `distance` above; the own value where there is none.
template <class T>
CHELA_DEVICE T shuffle_down(T value, int distance) {
    return __shfl_down_sync(0xffffffffu, value, static_cast<unsigned>(distance));
}
/// The value of the lane `distance` below; the own value where there is none.
template <class T>
CHELA_DEVICE T shuffle_up(T value, int distance) {
    return __shfl_up_sync(0xffffffffu, value, static_cast<unsigned>(distance));
}
/// One bit per lane whose predicate holds.
CHELA_DEVICE uint32 vote(bool predicate) { return __ballot_sync(0xffffffffu, predicate); }
/// True in exactly one lane of a converged warp.
CHELA_DEVICE bool elect_one() { return lane() == 0; }

/// Start of the block's dynamic shared memory, aligned to 1024 bytes.
CHELA_DEVICE unsigned char* dynamic_shared() {
    extern __shared__ __align__(1024) unsigned char chela_dynamic_shared[];
    return chela_dynamic_shared;
}

} // namespace chela
