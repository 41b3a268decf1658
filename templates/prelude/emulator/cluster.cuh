#pragma once
// Blocks of a cluster and registers of warpgroups: the emulated twin of prelude/cuda/cluster.cuh.

#include "prelude/emulator/barrier.cuh"

#if __CUDA_ARCH__ >= 900
namespace chela {

CHELA_DEVICE int cluster_rank() { return chela_emulator_cluster_rank(); }
CHELA_DEVICE int cluster_blocks() { return chela_emulator_cluster_blocks(); }
CHELA_DEVICE void cluster_arrive() { chela_emulator_cluster_arrive(chela_emulator_site()); }
CHELA_DEVICE void cluster_wait() { chela_emulator_cluster_wait(chela_emulator_site()); }
CHELA_DEVICE void cluster_sync() {
    cluster_arrive();
    cluster_wait();
}

template <class T>
CHELA_DEVICE T* map_shared_rank(T* shared, int rank) {
    return static_cast<T*>(chela_emulator_map_shared_rank(shared, rank, chela_emulator_site()));
}
CHELA_DEVICE void barrier_arrive_remote(Barrier* barrier, int rank) {
    chela_emulator_mbarrier_arrive(map_shared_rank(barrier, rank), chela_emulator_site());
}
CHELA_DEVICE void barrier_wait_cluster(Barrier* barrier, uint32 parity) { barrier_wait(barrier, parity); }

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
template <int count>
CHELA_DEVICE void registers_decrease() {
    chela_emulator_set_registers(count, false, chela_emulator_site());
}
template <int count>
CHELA_DEVICE void registers_increase() {
    chela_emulator_set_registers(count, true, chela_emulator_site());
}
#endif

} // namespace chela
#endif
