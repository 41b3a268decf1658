#pragma once
// FFTW, which the runtime opens (runtime/fftw.hpp): complex transforms of `lanes` neighbouring columns.

#include "prelude/cpu/vector.h"

/// In place, with plans that are made once. Value n of column c lies at re and im[n * distance + c].
extern "C" void chela_fftw(float* re, float* im, int points, int distance, int columns, bool inverse);

namespace chela {

/// Σ_n x[n] e^(∓2 pi i k n / points), with the plus where it is inverse, which is not divided by `points`.
CHELA_INLINE void fftw(float* re, float* im, int points, int distance, bool inverse) {
    chela_fftw(re, im, points, distance, lanes, inverse);
}

} // namespace chela
