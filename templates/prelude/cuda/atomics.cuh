#pragma once
// Atomic operations on global and shared memory, and the ordering of global memory between blocks.

#include "prelude/cuda/types.cuh"

namespace chela {

// Each returns the old value.
CHELA_DEVICE float atomic_add(float* address, float value) { return atomicAdd(address, value); }
CHELA_DEVICE int atomic_add(int* address, int value) { return atomicAdd(address, value); }
CHELA_DEVICE uint32 atomic_add(uint32* address, uint32 value) { return atomicAdd(address, value); }
CHELA_DEVICE int atomic_max(int* address, int value) { return atomicMax(address, value); }
CHELA_DEVICE uint32 atomic_exchange(uint32* address, uint32 value) { return atomicExch(address, value); }
CHELA_DEVICE uint32 atomic_compare_exchange(uint32* address, uint32 expected, uint32 desired) {
    return atomicCAS(address, expected, desired);
}

/// Reads a flag of another block: what that block wrote before store_release() is visible afterwards.
CHELA_DEVICE uint32 load_acquire(const uint32* address) {
    uint32 value;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(address) : "memory");
    return value;
}
CHELA_DEVICE void store_release(uint32* address, uint32 value) {
    asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(address), "r"(value) : "memory");
}
/// Orders this thread's accesses of global memory for all threads of the device.
CHELA_DEVICE void fence_device() { __threadfence(); }

} // namespace chela
