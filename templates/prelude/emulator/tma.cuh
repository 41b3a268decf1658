#pragma once
// The tensor memory accelerator: the emulated twin of prelude/cuda/tma.cuh. A TensorMap comes from the
// emulator's encode_tensor_map() (runtime/emulator/tensor_map.hpp).

#include "prelude/emulator/barrier.cuh"

namespace chela {

struct alignas(64) TensorMap {
    uint64 opaque[16];
};
CHELA_DEVICE const TensorMap* tensor_map(const unsigned long long (&words)[16]) {
    return reinterpret_cast<const TensorMap*>(words);
}

#if __CUDA_ARCH__ >= 900
CHELA_DEVICE void tma_prefetch(const TensorMap*) {}

// Coordinates of any rank from 2 to 5, innermost first.
template <class... Coordinates>
CHELA_DEVICE void tma_load_multicast(void* shared, const TensorMap* map, Barrier* barrier, uint16 blocks,
                                     Coordinates... coordinates) {
    static_assert(sizeof...(coordinates) >= 2 && sizeof...(coordinates) <= 5,
                  "a tensor has 2 to 5 dimensions");
    const int list[] = {coordinates...};
    chela_emulator_tma_load(shared, map, barrier, blocks, list, sizeof...(coordinates),
                            chela_emulator_site());
}
template <class... Coordinates>
CHELA_DEVICE void tma_load(void* shared, const TensorMap* map, Barrier* barrier, Coordinates... coordinates) {
    tma_load_multicast(shared, map, barrier, 0, coordinates...);
}
template <class... Coordinates>
CHELA_DEVICE void tma_load_keep(void* shared, const TensorMap* map, Barrier* barrier,
                                Coordinates... coordinates) {
    tma_load(shared, map, barrier, coordinates...);
}
template <class... Coordinates>
CHELA_DEVICE void tma_store(const TensorMap* map, const void* shared, Coordinates... coordinates) {
    static_assert(sizeof...(coordinates) >= 2 && sizeof...(coordinates) <= 5,
                  "a tensor has 2 to 5 dimensions");
    const int list[] = {coordinates...};
    chela_emulator_tma_store(map, shared, list, sizeof...(coordinates), chela_emulator_site());
}
template <class... Coordinates>
CHELA_DEVICE void tma_store_once(const TensorMap* map, const void* shared, Coordinates... coordinates) {
    tma_store(map, shared, coordinates...);
}

CHELA_DEVICE void bulk_load(void* shared, const void* global, int bytes, Barrier* barrier) {
    chela_emulator_bulk_load(shared, global, bytes, barrier, chela_emulator_site());
}
CHELA_DEVICE void bulk_store(void* global, const void* shared, int bytes) {
    chela_emulator_bulk_store(global, shared, bytes, chela_emulator_site());
}

CHELA_DEVICE void tma_store_commit() { chela_emulator_store_commit(); }
template <int groups_left>
CHELA_DEVICE void tma_store_wait_read() {
    chela_emulator_store_wait(groups_left, true);
}
template <int groups_left>
CHELA_DEVICE void tma_store_wait() {
    chela_emulator_store_wait(groups_left, false);
}
#endif

} // namespace chela
