#pragma once
// Sines and cosines.

#include "prelude/cuda/types.cuh"

namespace chela {

/// sin(pi x) and cos(pi x) to the last bit but one, the argument reduced exactly. Some 40 instructions.
CHELA_DEVICE void sine_cosine_pi(float x, float& sine, float& cosine) { sincospif(x, &sine, &cosine); }

} // namespace chela
