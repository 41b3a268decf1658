#pragma once
// Atomic operations: the emulated twin of prelude/cuda/atomics.cuh.

#include "prelude/emulator/types.cuh"

namespace chela {

enum class AtomicOperation { add_float, add, maximum_signed, exchange, compare_exchange };

CHELA_DEVICE uint32 atomic(void* address, uint32 value, AtomicOperation operation, uint32 expected = 0) {
    return chela_emulator_atomic(address, value, expected, static_cast<int>(operation),
                                 chela_emulator_site());
}

CHELA_DEVICE float atomic_add(float* address, float value) {
    return bits_to_float(atomic(address, float_to_bits(value), AtomicOperation::add_float));
}
CHELA_DEVICE int atomic_add(int* address, int value) {
    return static_cast<int>(atomic(address, static_cast<uint32>(value), AtomicOperation::add));
}
CHELA_DEVICE uint32 atomic_add(uint32* address, uint32 value) {
    return atomic(address, value, AtomicOperation::add);
}
CHELA_DEVICE int atomic_max(int* address, int value) {
    return static_cast<int>(atomic(address, static_cast<uint32>(value), AtomicOperation::maximum_signed));
}
CHELA_DEVICE uint32 atomic_exchange(uint32* address, uint32 value) {
    return atomic(address, value, AtomicOperation::exchange);
}
CHELA_DEVICE uint32 atomic_compare_exchange(uint32* address, uint32 expected, uint32 desired) {
    return atomic(address, desired, AtomicOperation::compare_exchange, expected);
}

CHELA_DEVICE uint32 load_acquire(const uint32* address) {
    return chela_emulator_load_acquire(address, chela_emulator_site());
}
CHELA_DEVICE void store_release(uint32* address, uint32 value) {
    chela_emulator_store_release(address, value, chela_emulator_site());
}
CHELA_DEVICE void fence_device() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

} // namespace chela
