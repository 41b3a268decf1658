#pragma once
// act(short convolution of x) into the workspace, the tokens of a channel next to each other: takes the place
// of long_conv/turn_inputs.cuh.

#include "long_conv/turn.cuh"
#include "short_long_conv/short_run.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_turn_inputs_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int kept = Config::width - 1;
    using Squares = Square<Config, Arguments, kept>;
    const Squares square(arguments);
    square.load();
    square.vectors([&](int channel) { return turned_inputs<Config>(arguments, square.batch, channel); },
                   [&](Element* to, int own, int at) {
                       constexpr int vector = Squares::vector;
                       float value[vector];
                       const Element* const x = square.at_token(own, at - kept);
                       short_run<Config>(value, Taps<Config>(arguments, square.channel + own),
                                         [x](int i) { return to_float(x[i]); });
                       *reinterpret_cast<Piece<Element, vector>*>(to) = Piece<Element, vector>(value);
                   });
}

} // namespace chela
