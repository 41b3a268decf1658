#pragma once
// What the compiler must not know: the emulated twin of prelude/cuda/opaque.cuh.

#include "prelude/emulator/types.cuh"

namespace chela {

/// The same value, from a source unknown to the compiler: in a loop, what depends on it is computed where it
/// is used, and not once before and kept in registers.
CHELA_DEVICE int opaque(int value) {
    asm volatile("" : "+r"(value));
    return value;
}

} // namespace chela
