#pragma once
// Blocks of a cluster: barriers and each other's shared memory; registers of warpgroups (compute
// capability 9.0).

#include "prelude/cuda/barrier.cuh"

#if __CUDA_ARCH__ >= 900
namespace chela {

CHELA_DEVICE int cluster_rank() {
    uint32 rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return static_cast<int>(rank);
}
CHELA_DEVICE int cluster_blocks() {
    uint32 blocks;
    asm volatile("mov.u32 %0, %%cluster_nctarank;" : "=r"(blocks));
    return static_cast<int>(blocks);
}
/// Every thread of every block of the cluster arrives and then waits.
CHELA_DEVICE void cluster_arrive() { asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory"); }
CHELA_DEVICE void cluster_wait() { asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory"); }
CHELA_DEVICE void cluster_sync() {
    cluster_arrive();
    cluster_wait();
}

/// The address, in the shared memory of block `rank` of the cluster, of what lies at `shared` in our own.
template <class T>
CHELA_DEVICE T* map_shared_rank(T* shared, int rank) {
    uint64 mapped;
    asm volatile("mapa.u64 %0, %1, %2;" : "=l"(mapped) : "l"(shared), "r"(rank));
    return reinterpret_cast<T*>(mapped);
}
/// Arrives at the barrier of block `rank` that lies where `barrier` lies in our shared memory.
CHELA_DEVICE void barrier_arrive_remote(Barrier* barrier, int rank) {
    asm volatile("{\n\t.reg .b32 remote;\n\t"
                 "mapa.shared::cluster.u32 remote, %0, %1;\n\t"
                 "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote];\n\t}" ::"r"(
                     shared_address(barrier)),
                 "r"(rank)
                 : "memory");
}
/// Waits for a phase that other blocks of the cluster arrive in: what they wrote before, to global memory
/// too, is visible then.
CHELA_DEVICE void barrier_wait_cluster(Barrier* barrier, uint32 parity) {
    uint32 done = 0;
    while (done == 0)
        asm volatile("{\n\t.reg .pred done;\n\t"
                     "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%1], %2;\n\t"
                     "selp.u32 %0, 1, 0, done;\n\t}"
                     : "=r"(done)
                     : "r"(shared_address(barrier)), "r"(parity)
                     : "memory");
}

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
/// All warps of a warpgroup give registers back, or take them: `count` a multiple of 8 from 24 to 256.
template <int count>
CHELA_DEVICE void registers_decrease() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(count));
}
template <int count>
CHELA_DEVICE void registers_increase() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(count));
}
#endif

} // namespace chela
#endif
