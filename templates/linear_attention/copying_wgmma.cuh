#pragma once
// The copying warpgroup's side of the ring: stages are waited for, filled by cp.async and handed on.

#include "linear_attention/panels.cuh"
#include "linear_attention/rings_wgmma.cuh"
#include "prelude/cuda/copy.cuh"

namespace chela {

template <class Config>
struct Filler {
    StageRing<Config>& ring;
    unsigned char* const stages;
    const int thread = thread_index() % 128;
    Cursor<Config::stages> cursor{};

    CHELA_DEVICE unsigned char* next() {
        barrier_wait(&ring.empty[cursor.slot], cursor.phase ^ 1u);
        return stages + cursor.slot * Config::stage_bytes;
    }
    /// All copies into the stage have been started.
    CHELA_DEVICE void landing() {
        if constexpr (Config::alignment >= 4) {
            barrier_arrive_on_cp_async(&ring.full[cursor.slot]);
        } else {
            //@if decay == scalar
            cp_async_commit();
            cp_async_wait<0>(); // the gates; the rest was stored by this thread
            //@end
            barrier_arrive(&ring.full[cursor.slot]);
        }
        cursor.advance();
    }
};

} // namespace chela
