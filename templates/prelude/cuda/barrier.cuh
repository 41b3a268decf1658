#pragma once
// mbarriers in shared memory: phases that end when all arrivals and all announced bytes have come (compute
// capability 9.0). The parity of a phase is 0 for the first, then alternates.

#include "prelude/cuda/types.cuh"

#if __CUDA_ARCH__ >= 900
namespace chela {

struct alignas(8) Barrier {
    uint64 state;
};

/// One thread initialises; fence_barrier_init() and a block or cluster barrier make it known to the others.
CHELA_DEVICE void barrier_init(Barrier* barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals)
                 : "memory");
}
/// Ends the barrier's life: its memory may be used for something else.
CHELA_DEVICE void barrier_invalidate(Barrier* barrier) {
    asm volatile("mbarrier.inval.shared::cta.b64 [%0];" ::"r"(shared_address(barrier)) : "memory");
}
CHELA_DEVICE void barrier_arrive(Barrier* barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}
/// Arrives and announces `bytes` that asynchronous copies will bring in this phase.
CHELA_DEVICE void barrier_arrive_expect(Barrier* barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)),
                 "r"(bytes)
                 : "memory");
}
/// Announces bytes without arriving.
CHELA_DEVICE void barrier_expect(Barrier* barrier, int bytes) {
    asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)),
                 "r"(bytes)
                 : "memory");
}
/// True when the phase of this parity has ended. May wait for a while before it answers.
CHELA_DEVICE bool barrier_try_wait(Barrier* barrier, uint32 parity) {
    uint32 done;
    asm volatile("{\n\t.reg .pred done;\n\t"
                 "mbarrier.try_wait.parity.shared::cta.b64 done, [%1], %2;\n\t"
                 "selp.u32 %0, 1, 0, done;\n\t}"
                 : "=r"(done)
                 : "r"(shared_address(barrier)), "r"(parity)
                 : "memory");
    return done != 0;
}
CHELA_DEVICE void barrier_wait(Barrier* barrier, uint32 parity) {
    while (!barrier_try_wait(barrier, parity)) {
    }
}
/// The barrier is arrived at when all earlier cp.async of this thread have landed. Counts as one of its
/// arrivals.
CHELA_DEVICE void barrier_arrive_on_cp_async(Barrier* barrier) {
    asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(shared_address(barrier))
                 : "memory");
}

/// Makes initialised barriers visible to the whole cluster and to asynchronous copies.
CHELA_DEVICE void fence_barrier_init() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
/// Orders this thread's accesses of shared memory before later asynchronous ones (TMA, wgmma).
CHELA_DEVICE void fence_proxy_async() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

} // namespace chela
#endif
