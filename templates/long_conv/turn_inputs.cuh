#pragma once
// x into the workspace, the tokens of a channel next to each other.

#include "long_conv/turn.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_turn_inputs_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    const Square<Config, Arguments> square(arguments);
    square.load();
    square.vectors([&](int channel) { return turned_inputs<Config>(arguments, square.batch, channel); },
                   [&](Element* to, int own, int at) {
                       const uint32* const from = square.words(own, at);
                       *reinterpret_cast<Vector16*>(to) = {from[0], from[1], from[2], from[3]};
                   });
}

} // namespace chela
