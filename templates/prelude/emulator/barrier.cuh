#pragma once
// mbarriers in shared memory: the emulated twin of prelude/cuda/barrier.cuh.

#include "prelude/emulator/types.cuh"

#if __CUDA_ARCH__ >= 900
namespace chela {

struct alignas(8) Barrier {
    uint64 state;
};

CHELA_DEVICE void barrier_init(Barrier* barrier, int arrivals) {
    chela_emulator_mbarrier_init(barrier, arrivals, chela_emulator_site());
}
CHELA_DEVICE void barrier_invalidate(Barrier* barrier) {
    chela_emulator_mbarrier_invalidate(barrier, chela_emulator_site());
}
CHELA_DEVICE void barrier_arrive(Barrier* barrier) {
    chela_emulator_mbarrier_arrive(barrier, chela_emulator_site());
}
CHELA_DEVICE void barrier_expect(Barrier* barrier, int bytes) {
    chela_emulator_mbarrier_expect(barrier, bytes, chela_emulator_site());
}
CHELA_DEVICE void barrier_arrive_expect(Barrier* barrier, int bytes) {
    barrier_expect(barrier, bytes);
    barrier_arrive(barrier);
}
/// Waits until the phase has ended: "a while" is as long as it takes.
CHELA_DEVICE bool barrier_try_wait(Barrier* barrier, uint32 parity) {
    return chela_emulator_mbarrier_try_wait(barrier, parity, chela_emulator_site());
}
CHELA_DEVICE void barrier_wait(Barrier* barrier, uint32 parity) {
    while (!barrier_try_wait(barrier, parity)) {
    }
}
CHELA_DEVICE void barrier_arrive_on_cp_async(Barrier* barrier) {
    chela_emulator_mbarrier_arrive_on_cp_async(barrier, chela_emulator_site());
}

// The emulator keeps one order of all accesses: fences have nothing to do, and a missing one is not found.
CHELA_DEVICE void fence_barrier_init() {}
CHELA_DEVICE void fence_proxy_async() {}

} // namespace chela
#endif
