#pragma once
// The activation.

#include "prelude/cuda/math.cuh"

namespace chela {

/// By what the taps and the bias are multiplied beforehand.
CHELA_DEVICE constexpr float taps_scale() {
    //@if activation == silu
    //@if dtype == bf16
    return 0.5f;
    //@else
    return 1.0f;
    //@end
    //@else
    return 1.0f;
    //@end
}

/// act(x), from x times taps_scale().
CHELA_DEVICE float activation(float scaled) {
    //@if activation == silu
    //@if dtype == bf16
    // x / (1 + e^-x) = h + h tanh(h), h = x / 2: half as much for the special function unit. It is off by up
    // to 2^-12 |x|, a sixteenth of bf16's last digit of x.
    return fused_multiply_add(scaled, tanh_approx(scaled), scaled);
    //@else
    return scaled * reciprocal_approx(1.0f + exp2_approx(scaled * -1.44269504f)); // log2(e)
    //@end
    //@else
    return scaled;
    //@end
}

} // namespace chela
