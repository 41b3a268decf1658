#pragma once
// The activation.

#include "prelude/cuda/math.cuh"

namespace chela {

CHELA_DEVICE float activation(float x) {
    //@if activation == silu
    return x * reciprocal_approx(1.0f + exp2_approx(x * -1.44269504f)); // log2(e)
    //@else
    return x;
    //@end
}

} // namespace chela
