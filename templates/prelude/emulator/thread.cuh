#pragma once
// Who a thread is, and how threads meet: the emulated twin of prelude/cuda/thread.cuh.

#include "prelude/emulator/types.cuh"

namespace chela {

CHELA_DEVICE int thread_index() { return chela_emulator_thread_index(); }
CHELA_DEVICE int64 block_index() { return chela_emulator_block_index(); }
CHELA_DEVICE int block_threads() { return chela_emulator_block_threads(); }
CHELA_DEVICE int64 grid_blocks() { return chela_emulator_grid_blocks(); }
CHELA_DEVICE int lane() { return chela_emulator_thread_index() & 31; }

CHELA_DEVICE void sync_threads() { chela_emulator_sync_threads(chela_emulator_site()); }
CHELA_DEVICE void sync_warp() { chela_emulator_sync_warp(chela_emulator_site()); }
CHELA_DEVICE void named_barrier_sync(int barrier, int threads) {
    chela_emulator_named_barrier(barrier, threads, true, chela_emulator_site());
}
CHELA_DEVICE void named_barrier_arrive(int barrier, int threads) {
    chela_emulator_named_barrier(barrier, threads, false, chela_emulator_site());
}

template <class T>
CHELA_DEVICE T shuffle_by(T value, int argument, int kind) {
    static_assert(sizeof(T) == 4, "shuffles move 32 bits");
    return __builtin_bit_cast(
        T, chela_emulator_shuffle(__builtin_bit_cast(uint32, value), argument, kind, chela_emulator_site()));
}
template <class T>
CHELA_DEVICE T shuffle(T value, int source_lane) {
    return shuffle_by(value, source_lane, 0);
}
template <class T>
CHELA_DEVICE T shuffle_xor(T value, int lane_mask) {
    return shuffle_by(value, lane_mask, 1);
}
template <class T>
CHELA_DEVICE T shuffle_down(T value, int distance) {
    return shuffle_by(value, distance, 2);
}
template <class T>
CHELA_DEVICE T shuffle_up(T value, int distance) {
    return shuffle_by(value, distance, 3);
}
/// As on a GPU, all lanes meet.
CHELA_DEVICE int warp_index() { return shuffle(chela_emulator_thread_index() >> 5, 0); }
CHELA_DEVICE uint32 vote(bool predicate) { return chela_emulator_vote(predicate, chela_emulator_site()); }
CHELA_DEVICE bool elect_one() { return lane() == 0; }

CHELA_DEVICE unsigned char* dynamic_shared() { return chela_emulator_dynamic_shared(); }

} // namespace chela
