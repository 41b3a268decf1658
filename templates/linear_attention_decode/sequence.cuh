#pragma once
// Which head of which sequence a block works on, and where its state is kept.

#include "prelude/cuda/math.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

struct Sequence {
    int batch, head;
    int slot; ///< index of its state; -1: it has none
};

/// Heads of a sequence are neighbours.
template <class Arguments>
CHELA_DEVICE Sequence sequence_of(const Arguments& arguments, uint32 index) {
    const uint32 heads = static_cast<uint32>(arguments.heads);
    const int batch = static_cast<int>(index / heads), head = static_cast<int>(index % heads);
    //@if indexed
    const int slot = arguments.state_index[batch];
    return {batch, head, slot < arguments.pool ? slot : -1};
    //@else
    return {batch, head, batch};
    //@end
}

//@if decay != none
/// exp(x), with a relative error of a few times 2^-22 where |x| is small.
CHELA_DEVICE float natural_exp(float x) { return exp2_approx(x * 1.4426950408889634f); }
//@end

} // namespace chela
