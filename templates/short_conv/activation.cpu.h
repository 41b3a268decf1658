#pragma once
// The activation.

//@if activation == silu
#include "prelude/cpu/math.h"
//@else
#include "prelude/cpu/vector.h"
//@end

namespace chela {

CHELA_INLINE Vector activation(Vector x) {
    //@if activation == silu
    return x / (broadcast(1.0f) + exp(-x));
    //@else
    return x;
    //@end
}

} // namespace chela
