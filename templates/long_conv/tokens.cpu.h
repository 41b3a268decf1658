#pragma once
// What a long convolution on the CPU is of, and what is made of its sums: as tokens.cuh.

#include "long_conv/channel_vectors.cpu.h"

namespace chela {

/// Inputs of the tokens from `token` on (load_tokens): x itself.
template <class Config, class Arguments>
CHELA_INLINE void load_inputs(Vector* inputs, int count, const Arguments& arguments,
                              const ChannelVector& channels, int token) {
    load_tokens(inputs, count, arguments, channels, token);
}

/// The outputs of sums.
CHELA_INLINE Vector output_of(Vector sum) { return sum; }

} // namespace chela
