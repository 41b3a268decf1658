#pragma once
// Accesses that tell the L2 cache of reuse: the emulated twin of prelude/cuda/reuse.cuh.

#include "prelude/emulator/copy.cuh"

namespace chela {

template <int bytes>
CHELA_DEVICE void cp_async_keep(void* shared, const void* global, bool valid = true) {
    cp_async<bytes>(shared, global, valid);
}
CHELA_DEVICE void store_once(void* global, const Vector16& x) { *static_cast<Vector16*>(global) = x; }

} // namespace chela
