#pragma once
// Asynchronous copies of a thread: the emulated twin of prelude/cuda/copy.cuh.

#include "prelude/emulator/types.cuh"

namespace chela {

template <int bytes>
CHELA_DEVICE void cp_async(void* shared, const void* global, bool valid = true) {
    static_assert(bytes == 4 || bytes == 8 || bytes == 16, "cp.async copies 4, 8 or 16 bytes");
    chela_emulator_cp_async(shared, global, bytes, valid, chela_emulator_site());
}
CHELA_DEVICE void cp_async_commit() { chela_emulator_cp_async_commit(); }
template <int groups_left>
CHELA_DEVICE void cp_async_wait() {
    chela_emulator_cp_async_wait(groups_left, chela_emulator_site());
}

} // namespace chela
