#pragma once
// What a long convolution is of. A family that is made of one has another such function
// (templates/short_long_conv/tokens.cuh).

#include "long_conv/outputs.cuh"
#include "long_conv/pieces.cuh"

namespace chela {

enum { inputs_are_x = true };

/// A piece of inputs (pieces.cuh): x itself.
template <class Config, class Arguments>
CHELA_DEVICE Piece<typename Config::Element, Config::packet>
load_inputs(const Arguments& arguments, bool is_there, int batch, int channel, int token) {
    return piece_of_x<Config>(arguments, is_there, batch, channel, token);
}

} // namespace chela
