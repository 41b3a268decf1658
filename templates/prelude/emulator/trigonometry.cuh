#pragma once
// Sines and cosines: the emulated twin of prelude/cuda/trigonometry.cuh.

#include "prelude/emulator/types.cuh"

namespace chela {

CHELA_DEVICE void sine_cosine_pi(float x, float& sine, float& cosine) {
    constexpr double pi = 3.14159265358979323846;
    sine = static_cast<float>(__builtin_sin(pi * x));
    cosine = static_cast<float>(__builtin_cos(pi * x));
}

} // namespace chela
