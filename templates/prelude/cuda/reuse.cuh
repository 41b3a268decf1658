#pragma once
// Accesses that tell the L2 cache whether their lines will be asked for again (compute capability 8.0).

#include "prelude/cuda/copy.cuh"

namespace chela {

/// The policy of lines that are the last that L2 gives up.
CHELA_DEVICE uint64 keep_in_l2() {
    uint64 policy;
    asm("createpolicy.fractional.L2::evict_last.b64 %0, 1.0;" : "=l"(policy));
    return policy;
}

/// The policy of those that are the first.
CHELA_DEVICE uint64 once_in_l2() {
    uint64 policy;
    asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
    return policy;
}

/// cp_async of what is read again soon: its lines are the last that L2 gives up. Fewer than 16 bytes go
/// without the hint.
template <int bytes>
CHELA_DEVICE void cp_async_keep(void* shared, const void* global, bool valid = true) {
    if constexpr (bytes == 16) {
        asm volatile("cp.async.cg.shared.global.L2::cache_hint.L2::128B [%0], [%1], 16, %2, %3;" ::"r"(
                         shared_address(shared)),
                     "l"(global), "r"(valid ? bytes : 0), "l"(keep_in_l2())
                     : "memory");
    } else {
        cp_async<bytes>(shared, global, valid);
    }
}

/// Stores what nobody reads for long: its lines are the first that L2 gives up.
CHELA_DEVICE void store_once(void* global, const Vector16& x) {
    asm volatile("st.global.L2::cache_hint.v4.b32 [%0], {%1, %2, %3, %4}, %5;" ::"l"(global), "r"(x.x),
                 "r"(x.y), "r"(x.z), "r"(x.w), "l"(once_in_l2())
                 : "memory");
}

} // namespace chela
