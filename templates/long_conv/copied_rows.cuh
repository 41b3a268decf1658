#pragma once
// Rows of x straight to shared memory, by asynchronous copies where inputs are x itself and its tokens
// neighbours.

#include "long_conv/rows.cuh"
#include "long_conv/shared_pieces.cuh"
#include "prelude/cuda/copy.cuh"

namespace chela {

/// What read_rows() reads, to shared memory: place(row, token) is where a token of a row goes, and with it
/// those up to the next multiple of 8; null where they are not wanted. All is there after cp_async_wait().
template <class Config, int tokens, class Arguments, class Place>
CHELA_DEVICE void copy_rows(const Arguments& arguments, const Tile& tile, int first, const Place& place) {
    using Element = typename Config::Element;
    //@if layout == channels_first
    if constexpr (Config::aligned && inputs_are_x) {
        constexpr int packet = Config::packet, packets = tokens / packet;
#pragma unroll 4
        for (int unit = thread_index(); unit < Config::tile_batches * Config::tile_channels * packets;
             unit += Config::threads) {
            const int row = unit / packets, in_row = unit % packets * packet, token = first + in_row;
            const int batch = tile.batch + row / Config::tile_channels,
                      channel = tile.channel + row % Config::tile_channels;
            const bool is_there = batch < arguments.batch && channel < arguments.channels;
            Element* const to = place(row, in_row);
            if (!to) continue;
            if (is_there && token >= 0 && token + packet <= arguments.length)
                cp_async<packet * sizeof(Element)>(to, arguments.x + batch * arguments.x_stride[0] +
                                                           channel * arguments.x_stride[1] + token);
            else
                put_piece(to, load_inputs<Config>(arguments, is_there, batch, channel, token));
        }
        cp_async_commit();
        return;
    }
    //@end
    read_rows<Config, tokens>(arguments, tile, first, [&place](int row, int token, const auto& piece) {
        if (Element* const to = place(row, token)) put_piece(to, piece);
    });
}

} // namespace chela
