#pragma once
// Where the taps of a channel begin in their polynomial.

#include "prelude/cuda/types.cuh"

namespace chela {

/// Lags of the taps are counted from -shift_of() on.
template <class Config, class Arguments>
CHELA_DEVICE int shift_of(const Arguments& arguments) {
    //@if bidirectional
    // A short kernel, so that longer sequences can be convolved block by block; a multiple of a piece's size.
    return arguments.kernel_length <= Config::reach / 2 ? (arguments.kernel_length + 6) / 8 * 8 : 0;
    //@else
    (void)arguments;
    return 0;
    //@end
}

} // namespace chela
