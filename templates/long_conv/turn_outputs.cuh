#pragma once
// The outputs from the workspace, where the tokens of a channel lie next to each other, into y.

#include "long_conv/turn.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_turn_outputs_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int packet = Config::packet;
    const Square<Config, Arguments> square(arguments);
    square.vectors([&](int channel) { return turned_outputs<Config>(arguments, square.batch, channel); },
                   [&](const Element* from, int own, int at) {
                       const Vector16 four = *reinterpret_cast<const Vector16*>(from);
                       uint32* const to = square.words(own, at);
                       to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
                   });
    sync_threads();
    square.packets(arguments.y, arguments.y_stride, [&](Element* to, int own, int at, int left) {
        Piece<Element, packet> piece{};
#pragma unroll
        for (int i = 0; i < packet; ++i) piece.set(i, *square.at_token(own + i, at));
        store_piece<packet, Config::aligned>(to, piece, left);
    });
}

} // namespace chela
