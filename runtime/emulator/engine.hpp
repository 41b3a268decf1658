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
}

namespace chela::emulator {

/// All of them by name, for the loader of kernels.
const std::map<std::string, void*>& engine_symbols();

} // namespace chela::emulator
