#pragma once
// What is made of a long convolution's sums. A family that is made of one has another such function
// (templates/short_long_conv/outputs.cuh).

#include "prelude/cuda/types.cuh"

namespace chela {

CHELA_DEVICE float output_of(float sum) { return sum; }

} // namespace chela
