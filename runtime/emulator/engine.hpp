#pragma once
// The functions that templates/prelude/emulator calls, under the same names; see engine.cuh there. All but
// the questions who a thread is may switch to another fiber.

#include <map>
#include <string>

extern "C" {
int chela_emulator_thread_index();
int chela_emulator_block_threads();
long long chela_emulator_block_index();
long long chela_emulator_grid_blocks();
unsigned char* chela_emulator_dynamic_shared();
unsigned chela_emulator_shared_offset(const void* shared);
/// Called by the instrumentation: the memory of variables declared __shared__.
unsigned char* chela_emulator_static_shared();
/// Called by the instrumentation before each load and store. info: bit 0 write, the rest log2 of the
/// alignment.
void chela_emulator_access(const void* address, unsigned long long bytes, unsigned info, unsigned site);

void chela_emulator_sync_threads(unsigned site);
void chela_emulator_sync_warp(unsigned site);
void chela_emulator_named_barrier(int barrier, int threads, bool wait, unsigned site);
unsigned chela_emulator_shuffle(unsigned value, int argument, int kind, unsigned site);
unsigned chela_emulator_vote(bool predicate, unsigned site);

void chela_emulator_cp_async(void* shared, const void* global, int bytes, bool valid, unsigned site);
void chela_emulator_cp_async_commit();
void chela_emulator_cp_async_wait(int groups_left, unsigned site);

void chela_emulator_ldmatrix(unsigned* registers, int count, bool transposed, const void* row, unsigned site);
void chela_emulator_stmatrix(const unsigned* registers, int count, bool transposed, void* row, unsigned site);
unsigned chela_emulator_movmatrix(unsigned pair, unsigned site);
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

int chela_emulator_cluster_rank();
int chela_emulator_cluster_blocks();
void chela_emulator_cluster_arrive(unsigned site);
void chela_emulator_cluster_wait(unsigned site);
void* chela_emulator_map_shared_rank(void* shared, int rank, unsigned site);
}

namespace chela::emulator {

/// All of them by name, for the loader of kernels.
const std::map<std::string, void*>& engine_symbols();

} // namespace chela::emulator
