#pragma once
// The activation.

#include "prelude/cuda/math.cuh"

namespace chela {

CHELA_DEVICE float activation(float x) {
    //@if activation == silu
    //@if dtype == bf16
    // x / (1 + e^-x) = h + h tanh(h), h = x / 2: half as much for the special function unit. It is off by up
    // to 2^-12 |x|, a sixteenth of bf16's last digit of x.
    const float half = 0.5f * x;
    return fused_multiply_add(half, tanh_approx(half), half);
    //@else
    return x * reciprocal_approx(1.0f + exp2_approx(x * -1.44269504f)); // log2(e)
    //@end
    //@else
    return x;
    //@end
}

} // namespace chela
