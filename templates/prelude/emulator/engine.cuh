#pragma once
// The functions of the emulator (runtime/emulator) that the twins below call, and CUDA's keywords for Clang
// on the host. `site` is the place in the template that an error names: chela_emulator_site() is replaced by
// its number when the kernel is instrumented (runtime/emulator/instrumentation.hpp).

#define __global__
#define __device__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
// Gathered into the block's shared memory by the instrumentation.
#define __shared__ static __attribute__((section("chela_shared")))

extern "C" {
__attribute__((nomerge)) unsigned chela_emulator_site();

__attribute__((const)) int chela_emulator_thread_index();
__attribute__((const)) int chela_emulator_block_threads();
__attribute__((const)) long long chela_emulator_block_index();
__attribute__((const)) long long chela_emulator_grid_blocks();
__attribute__((const)) unsigned char* chela_emulator_dynamic_shared();
__attribute__((const)) unsigned chela_emulator_shared_offset(const void* shared);

void chela_emulator_sync_threads(unsigned site);
void chela_emulator_sync_warp(unsigned site);
void chela_emulator_named_barrier(int barrier, int threads, bool wait, unsigned site);
/// kind: 0 from lane `argument`, 1 lane ^ argument, 2 lane + argument, 3 lane - argument.
unsigned chela_emulator_shuffle(unsigned value, int argument, int kind, unsigned site);
unsigned chela_emulator_vote(bool predicate, unsigned site);

void chela_emulator_cp_async(void* shared, const void* global, int bytes, bool valid, unsigned site);
void chela_emulator_cp_async_commit();
void chela_emulator_cp_async_wait(int groups_left, unsigned site);

void chela_emulator_ldmatrix(unsigned* registers, int count, bool transposed, const void* row, unsigned site);
void chela_emulator_stmatrix(const unsigned* registers, int count, bool transposed, void* row, unsigned site);
unsigned chela_emulator_movmatrix(unsigned pair, unsigned site);
/// type: 0 bf16, 1 fp16, 2 tf32. depth: the k of m16n8k.
void chela_emulator_mma(float* d, const unsigned* a, const unsigned* b, int type, int depth, unsigned site);

unsigned chela_emulator_atomic(void* address, unsigned value, unsigned expected, int operation,
                               unsigned site);
unsigned chela_emulator_load_acquire(const unsigned* address, unsigned site);
void chela_emulator_store_release(unsigned* address, unsigned value, unsigned site);

void chela_emulator_mbarrier_init(void* barrier, int arrivals, unsigned site);
void chela_emulator_mbarrier_invalidate(void* barrier, unsigned site);
void chela_emulator_mbarrier_arrive(void* barrier, unsigned site);
void chela_emulator_mbarrier_expect(void* barrier, int bytes, unsigned site);
bool chela_emulator_mbarrier_try_wait(void* barrier, unsigned parity, unsigned site);
void chela_emulator_mbarrier_arrive_on_cp_async(void* barrier, unsigned site);

/// blocks: bits of the cluster's blocks that receive the box, 0 for the own block.
void chela_emulator_tma_load(void* shared, const void* map, void* barrier, unsigned blocks,
                             const int* coordinates, int rank, unsigned site);
void chela_emulator_tma_store(const void* map, const void* shared, const int* coordinates, int rank,
                              unsigned site);
void chela_emulator_bulk_load(void* shared, const void* global, int bytes, void* barrier, unsigned site);
void chela_emulator_bulk_store(void* global, const void* shared, int bytes, unsigned site);
void chela_emulator_store_commit();
void chela_emulator_store_wait(int groups_left, bool read_only);

/// a_registers: null where a_descriptor says where A lies.
void chela_emulator_wgmma(float* d, int n, const unsigned* a_registers, unsigned long long a_descriptor,
                          unsigned long long b_descriptor, int type, bool a_mn_major, bool b_mn_major,
                          bool accumulate, unsigned site);
void chela_emulator_wgmma_fence(unsigned site);
void chela_emulator_wgmma_commit(unsigned site);
void chela_emulator_wgmma_wait(int groups_left, unsigned site);
void chela_emulator_set_registers(int count, bool increase, unsigned site);

__attribute__((const)) int chela_emulator_cluster_rank();
__attribute__((const)) int chela_emulator_cluster_blocks();
void chela_emulator_cluster_arrive(unsigned site);
void chela_emulator_cluster_wait(unsigned site);
void* chela_emulator_map_shared_rank(void* shared, int rank, unsigned site);
}
