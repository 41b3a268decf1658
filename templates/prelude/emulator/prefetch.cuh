#pragma once
// Hints that memory will be read soon: the emulated twin of prelude/cuda/prefetch.cuh.

#include "prelude/emulator/types.cuh"

namespace chela {

CHELA_DEVICE void prefetch_line(const void*) {}

} // namespace chela
