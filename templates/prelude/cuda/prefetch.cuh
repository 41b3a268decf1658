#pragma once
// Hints that memory will be read soon, which take no register for what comes.

#include "prelude/cuda/types.cuh"

namespace chela {

/// Brings the line of 128 bytes of global memory that holds the address into the L2 cache.
CHELA_DEVICE void prefetch_line(const void* global) {
    asm volatile("prefetch.global.L2 [%0];" ::"l"(global));
}

} // namespace chela
