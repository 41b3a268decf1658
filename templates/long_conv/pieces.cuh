#pragma once
// Pieces of x, some elements of which may not be there.

#include "long_conv/partial_pieces.cuh"
//@if state == carried
#include "long_conv/history.cuh"
//@end

namespace chela {

/// Of x: from this channel and token on, neighbouring channels of the token or, in the layout channels_first,
/// neighbouring tokens of the channel; before the sequence what its state holds, zeros elsewhere and where
/// the sequence `is_there` not. A piece of tokens lies on one side of the first.
template <class Config, class Arguments>
CHELA_DEVICE Piece<typename Config::Element, Config::packet>
piece_of_x(const Arguments& arguments, bool is_there, int batch, int channel, int token) {
    using Element = typename Config::Element;
    //@if layout == channels_last
    const int left = arguments.channels - channel;
    auto piece = load_piece<Config::packet, Config::aligned>(
        arguments.x + batch * arguments.x_stride[0] + token * arguments.x_stride[1] + channel,
        is_there && token >= 0 && token < arguments.length ? left : 0);
    //@else
    auto piece = load_piece<Config::packet, Config::aligned>(
        arguments.x + batch * arguments.x_stride[0] + channel * arguments.x_stride[1] + token,
        is_there && token >= 0 ? arguments.length - token : 0);
    //@end
    //@if state == carried
    if (is_there && token < 0)
#pragma unroll
        for (int i = 0; i < Config::packet; ++i) {
            //@if layout == channels_last
            if (i < left) piece.set(i, history<Element>(arguments, batch, channel + i, token));
            //@else
            piece.set(i, history<Element>(arguments, batch, channel, token + i));
            //@end
        }
    //@end
    return piece;
}

} // namespace chela
