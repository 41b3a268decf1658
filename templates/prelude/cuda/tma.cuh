#pragma once
// The tensor memory accelerator: boxes of a tensor, or plain runs of bytes, between global and shared memory
// (compute capability 9.0). One thread issues; an mbarrier or a bulk group tells when the copy is done.

#include "prelude/cuda/barrier.cuh"
#include "prelude/cuda/reuse.cuh"

namespace chela {

/// Shape, strides, box and swizzle of a tensor, encoded by the host. Lies in the kernel's parameters.
struct alignas(64) TensorMap {
    uint64 opaque[16];
};
/// What the argument block holds of one.
CHELA_DEVICE const TensorMap* tensor_map(const unsigned long long (&words)[16]) {
    return reinterpret_cast<const TensorMap*>(words);
}

#if __CUDA_ARCH__ >= 900
CHELA_DEVICE void tma_prefetch(const TensorMap* map) {
    asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}

// tma_load(shared, map, barrier, c0, c1…): the box that starts at coordinate c0 of the innermost dimension,
// c1 of the next and so on, elements outside the tensor as zeros. Completes the box's bytes on `barrier`.
// The destination is aligned to 128 bytes, with a swizzle of 32, 64 or 128 bytes to 256, 512 or 1024.
// tma_load_keep: its lines are the last that L2 gives up.
// tma_load_multicast: the same box to the same place in every block of the cluster whose bit is set in
// `blocks`.
// tma_store(map, shared, c0, c1…): elements outside the tensor are not written. Committed and awaited in
// groups. tma_store_once: its lines are the first that L2 gives up.
#define CHELA_TMA(rank, coordinates, slots2, slots3, slots4, ...)                                            \
    CHELA_DEVICE void tma_load(void* shared, const TensorMap* map, Barrier* barrier, coordinates) {          \
        asm volatile("cp.async.bulk.tensor." rank                                                            \
                     "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {" slots3        \
                     "}], [%2];" ::"r"(shared_address(shared)),                                              \
                     "l"(map), "r"(shared_address(barrier)), __VA_ARGS__                                     \
                     : "memory");                                                                            \
    }                                                                                                        \
    CHELA_DEVICE void tma_load_keep(void* shared, const TensorMap* map, Barrier* barrier, coordinates) {     \
        asm volatile("cp.async.bulk.tensor." rank                                                            \
                     "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.L2::cache_hint [%0], "      \
                     "[%1, {" slots4 "}], [%2], %3;" ::"r"(shared_address(shared)),                          \
                     "l"(map), "r"(shared_address(barrier)), "l"(keep_in_l2()), __VA_ARGS__                  \
                     : "memory");                                                                            \
    }                                                                                                        \
    CHELA_DEVICE void tma_load_multicast(void* shared, const TensorMap* map, Barrier* barrier,               \
                                         uint16 blocks, coordinates) {                                       \
        asm volatile(                                                                                        \
            "cp.async.bulk.tensor." rank                                                                     \
            "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, "      \
            "{" slots4 "}], [%2], %3;" ::"r"(shared_address(shared)),                                        \
            "l"(map), "r"(shared_address(barrier)), "h"(blocks), __VA_ARGS__                                 \
            : "memory");                                                                                     \
    }                                                                                                        \
    CHELA_DEVICE void tma_store(const TensorMap* map, const void* shared, coordinates) {                     \
        asm volatile("cp.async.bulk.tensor." rank "d.global.shared::cta.tile.bulk_group [%0, {" slots2       \
                     "}], [%1];" ::"l"(map),                                                                 \
                     "r"(shared_address(shared)), __VA_ARGS__                                                \
                     : "memory");                                                                            \
    }                                                                                                        \
    CHELA_DEVICE void tma_store_once(const TensorMap* map, const void* shared, coordinates) {                \
        asm volatile("cp.async.bulk.tensor." rank                                                            \
                     "d.global.shared::cta.tile.bulk_group.L2::cache_hint [%0, "                             \
                     "{" slots3 "}], [%1], %2;" ::"l"(map),                                                  \
                     "r"(shared_address(shared)), "l"(once_in_l2()), __VA_ARGS__                             \
                     : "memory");                                                                            \
    }
#define CHELA_LIST(...) __VA_ARGS__
CHELA_TMA("2", CHELA_LIST(int c0, int c1), "%2, %3", "%3, %4", "%4, %5", "r"(c0), "r"(c1))
CHELA_TMA("3", CHELA_LIST(int c0, int c1, int c2), "%2, %3, %4", "%3, %4, %5", "%4, %5, %6", "r"(c0), "r"(c1),
          "r"(c2))
CHELA_TMA("4", CHELA_LIST(int c0, int c1, int c2, int c3), "%2, %3, %4, %5", "%3, %4, %5, %6",
          "%4, %5, %6, %7", "r"(c0), "r"(c1), "r"(c2), "r"(c3))
CHELA_TMA("5", CHELA_LIST(int c0, int c1, int c2, int c3, int c4), "%2, %3, %4, %5, %6", "%3, %4, %5, %6, %7",
          "%4, %5, %6, %7, %8", "r"(c0), "r"(c1), "r"(c2), "r"(c3), "r"(c4))
#undef CHELA_LIST
#undef CHELA_TMA

/// `bytes` (a multiple of 16, both addresses aligned to 16) of global memory; completes them on `barrier`.
CHELA_DEVICE void bulk_load(void* shared, const void* global, int bytes, Barrier* barrier) {
    asm volatile(
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
            shared_address(shared)),
        "l"(global), "r"(bytes), "r"(shared_address(barrier))
        : "memory");
}
/// The other way, in the thread's current bulk group.
CHELA_DEVICE void bulk_store(void* global, const void* shared, int bytes) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(global),
                 "r"(shared_address(shared)), "r"(bytes)
                 : "memory");
}

/// Closes the group of this thread's stores since the last commit.
CHELA_DEVICE void tma_store_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
/// Waits until at most `groups_left` of the newest groups still have to read their shared memory.
template <int groups_left>
CHELA_DEVICE void tma_store_wait_read() {
    asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(groups_left) : "memory");
}
/// Waits until at most `groups_left` of the newest groups are unfinished: their writes are visible.
template <int groups_left>
CHELA_DEVICE void tma_store_wait() {
    asm volatile("cp.async.bulk.wait_group %0;" ::"n"(groups_left) : "memory");
}
#endif

} // namespace chela
