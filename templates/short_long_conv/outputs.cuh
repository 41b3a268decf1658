#pragma once
// What is made of the sums of the long convolution of a short-long one: takes the place of
// long_conv/outputs.cuh.

#include "short_conv/activation.cuh"

namespace chela {

CHELA_DEVICE float output_of(float sum) {
    //@if arrangement == parallel
    return activation(taps_scale() * sum);
    //@else
    return sum;
    //@end
}

} // namespace chela
