#pragma once
// The feature map, applied to every element of q and k.

#include "prelude/cuda/math.cuh"

namespace chela {

template <class Config>
CHELA_DEVICE float feature_map(float x) {
    //@if feature_map == elu_plus_one
    return x > 0.0f ? x + 1.0f : exp2_approx(x * 1.44269504f); // log2(e)
    //@elif feature_map == exp
    return exp2_approx(x * 1.44269504f); // log2(e)
    //@elif feature_map == relu
    return x < 0.0f ? 0.0f : x;
    //@elif feature_map == silu
    return x * reciprocal_approx(1.0f + exp2_approx(x * -1.44269504f)); // log2(e)
    //@elif feature_map == squared_relu
    return x < 0.0f ? 0.0f : x * x;
    //@else
    return x;
    //@end
}

} // namespace chela
