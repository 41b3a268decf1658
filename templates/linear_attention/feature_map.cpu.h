#pragma once
// The feature map, applied to every element of q and k as they are packed.

//@if feature_map != identity
#include "prelude/cpu/math.h"
//@end
#include "prelude/cpu/matrix.h"

namespace chela {

//@if feature_map == identity
using FeatureMap = Unchanged;
//@else
struct FeatureMap {
    CHELA_INLINE Vector operator()(Vector x) const {
        //@if feature_map == relu
        return x < broadcast(0.0f) ? broadcast(0.0f) : x;
        //@elif feature_map == elu_plus_one
        return x > broadcast(0.0f) ? x + broadcast(1.0f) : exp(x);
        //@elif feature_map == silu
        return x / (broadcast(1.0f) + exp(-x));
        //@elif feature_map == exp
        return exp(x);
        //@elif feature_map == squared_relu
        return x < broadcast(0.0f) ? broadcast(0.0f) : x * x;
        //@end
    }
};
//@end

} // namespace chela
