#pragma once
// How the warpgroups of a block hand each other what lies in shared memory.

#include "prelude/cuda/barrier.cuh"
#include "prelude/cuda/cluster.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

/// Stages filled by Config::copying_threads of the copying warpgroup, emptied by those that read them. Every
/// thread arrives for what it did itself: cheap, and race checkers can follow it.
template <class Config>
struct StageRing {
    Barrier full[Config::stages], empty[Config::stages];

    CHELA_DEVICE void init(int consuming_threads) {
        for (int i = 0; i < Config::stages; ++i) {
            barrier_init(&full[i], Config::copying_threads);
            barrier_init(&empty[i], consuming_threads);
        }
    }
};

/// A place in a ring of slots, and the parity of the round.
template <int slots>
struct Cursor {
    int slot = 0;
    uint32 phase = 0;
    CHELA_DEVICE void advance() {
        if (++slot == slots) {
            slot = 0;
            phase ^= 1u;
        }
    }
};

/// From `before` registers a thread to `count`.
template <int count, int before>
CHELA_DEVICE void set_registers() {
    if constexpr (count > before)
        registers_increase<count>();
    else if constexpr (count < before)
        registers_decrease<count>();
}

} // namespace chela
