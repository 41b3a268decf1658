#pragma once
// What a long convolution is of, one by one from a row. A family that is made of one has another such
// function for rows of x (templates/short_long_conv/row_inputs.cuh).

#include "long_conv/input.cuh"

namespace chela {

/// Of the row of a channel: what lies there.
template <class Config, class Arguments>
CHELA_DEVICE InputRow<typename Config::Element> inputs_of(const Arguments&, int,
                                                          InputRow<typename Config::Element> x) {
    return x;
}

} // namespace chela
