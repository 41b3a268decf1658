#pragma once
// Launches that overlap; here one ends before the next begins.

#include "prelude/emulator/types.cuh"

#if __CUDA_ARCH__ >= 900
namespace chela {

CHELA_DEVICE void launch_next() {}
CHELA_DEVICE void launch_wait() {}

} // namespace chela
#endif
