#pragma once
// The feature map, applied to every element of q and k.

#include "prelude/cuda/math.cuh"
//@if feature_map == squared_relu
#include "prelude/cuda/pairs.cuh"
//@end

namespace chela {

template <class Config>
CHELA_DEVICE float feature_map(float x) {
    //@if feature_map == elu_plus_one
    return maximum_or_nan(x, 0.0f) + exp2_approx(minimum(x, 0.0f) * 1.44269504f); // log2(e)
    //@elif feature_map == exp
    return exp2_approx(x * 1.44269504f); // log2(e)
    //@elif feature_map == relu
    return maximum_or_nan(x, 0.0f);
    //@elif feature_map == silu
    return x * reciprocal_approx(1.0f + exp2_approx(x * -1.44269504f)); // log2(e)
    //@elif feature_map == squared_relu
    const float positive = maximum_or_nan(x, 0.0f);
    return positive * positive;
    //@else
    return x;
    //@end
}

/// Of two 16-bit elements in one register.
template <class Config>
CHELA_DEVICE uint32 feature_map_of_pair(uint32 pair) {
    using Element = typename Config::Element;
    //@if feature_map == relu
    return maximum2<Element>(pair, 0);
    //@elif feature_map == squared_relu
    const uint32 positive = maximum2<Element>(pair, 0);
    return multiply2<Element>(positive, positive);
    //@else
    return pack2<Element>(feature_map<Config>(unpack_low<Element>(pair)),
                          feature_map<Config>(unpack_high<Element>(pair)));
    //@end
}

} // namespace chela
