#include "runtime/emulator/engine.hpp"

#include "runtime/emulator/access.hpp"
#include "runtime/emulator/executor.hpp"

#include <fmt/format.h>

using namespace chela::emulator;

extern "C" {

int chela_emulator_thread_index() { return current_thread().index; }
int chela_emulator_block_threads() { return current_executor().launch().block; }
long long chela_emulator_block_index() { return current_thread().block->index; }
long long chela_emulator_grid_blocks() { return current_executor().launch().grid; }
unsigned char* chela_emulator_dynamic_shared() {
    return reinterpret_cast<unsigned char*>(current_thread().block->shared.base());
}
unsigned char* chela_emulator_static_shared() {
    return reinterpret_cast<unsigned char*>(current_thread().block->shared.static_base());
}
unsigned chela_emulator_shared_offset(const void* shared) {
    return static_cast<unsigned>(
        current_thread().block->shared.offset(reinterpret_cast<std::uintptr_t>(shared)));
}

void chela_emulator_access(const void* address, unsigned long long bytes, unsigned info, unsigned site) {
    if (bytes == 0) return;
    check_access(current_executor(), current_thread(), reinterpret_cast<std::uintptr_t>(address), bytes,
                 std::size_t{1} << (info >> 1), (info & 1) != 0, site);
}

void chela_emulator_cp_async(void* shared, const void* global, int bytes, bool valid, unsigned site) {
    issue_copy(current_executor(), current_thread(),
               {static_cast<std::byte*>(shared), static_cast<const std::byte*>(global),
                static_cast<std::uint32_t>(bytes), 0, site, valid, false});
}
void chela_emulator_cp_async_commit() { ++current_thread().copies.committed; }
void chela_emulator_cp_async_wait(int groups_left, unsigned) {
    wait_for_copies(current_executor(), current_thread(), static_cast<std::uint32_t>(groups_left));
}
}

namespace chela::emulator {

const std::map<std::string, void*>& engine_symbols() {
#define CHELA_SYMBOL(name) {"chela_emulator_" #name, reinterpret_cast<void*>(&chela_emulator_##name)}
    static const std::map<std::string, void*> symbols{
        CHELA_SYMBOL(thread_index),
        CHELA_SYMBOL(block_threads),
        CHELA_SYMBOL(block_index),
        CHELA_SYMBOL(grid_blocks),
        CHELA_SYMBOL(dynamic_shared),
        CHELA_SYMBOL(shared_offset),
        CHELA_SYMBOL(static_shared),
        CHELA_SYMBOL(access),
        CHELA_SYMBOL(sync_threads),
        CHELA_SYMBOL(sync_warp),
        CHELA_SYMBOL(named_barrier),
        CHELA_SYMBOL(shuffle),
        CHELA_SYMBOL(vote),
        CHELA_SYMBOL(cp_async),
        CHELA_SYMBOL(cp_async_commit),
        CHELA_SYMBOL(cp_async_wait),
        CHELA_SYMBOL(ldmatrix),
        CHELA_SYMBOL(stmatrix),
        CHELA_SYMBOL(movmatrix),
        CHELA_SYMBOL(mma),
        CHELA_SYMBOL(atomic),
        CHELA_SYMBOL(load_acquire),
        CHELA_SYMBOL(store_release),
        CHELA_SYMBOL(mbarrier_init),
        CHELA_SYMBOL(mbarrier_invalidate),
        CHELA_SYMBOL(mbarrier_arrive),
        CHELA_SYMBOL(mbarrier_expect),
        CHELA_SYMBOL(mbarrier_try_wait),
        CHELA_SYMBOL(mbarrier_arrive_on_cp_async),
        CHELA_SYMBOL(tma_load),
        CHELA_SYMBOL(tma_store),
        CHELA_SYMBOL(bulk_load),
        CHELA_SYMBOL(bulk_store),
        CHELA_SYMBOL(store_commit),
        CHELA_SYMBOL(store_wait),
        CHELA_SYMBOL(wgmma),
        CHELA_SYMBOL(wgmma_fence),
        CHELA_SYMBOL(wgmma_commit),
        CHELA_SYMBOL(wgmma_wait),
        CHELA_SYMBOL(set_registers),
        CHELA_SYMBOL(cluster_rank),
        CHELA_SYMBOL(cluster_blocks),
        CHELA_SYMBOL(cluster_arrive),
        CHELA_SYMBOL(cluster_wait),
        CHELA_SYMBOL(map_shared_rank),
    };
#undef CHELA_SYMBOL
    return symbols;
}

} // namespace chela::emulator
