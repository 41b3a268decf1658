#pragma once
// Rows of x to shared memory by asynchronous copies, where inputs are x itself.
//
// Where channels are neighbours, a thread copies packets of 8 tokens and turns them into rows in their place:
// that of token j goes to where 8 tokens of one of its channels will be.

#include "long_conv/rows.cuh"
#include "long_conv/shared_pieces.cuh"
#include "prelude/cuda/copy.cuh"

namespace chela {

/// Whether asynchronous copies bring the rows of a tile from the token `first` on.
template <class Config, class Arguments>
CHELA_DEVICE bool are_copied(const Arguments& arguments, const Tile& tile, int first) {
    if (!Config::aligned || !inputs_are_x || Config::packet < 2) return false; // 4 bytes at least
    //@if state == carried
    if (first < 0) return false;
    //@end
    //@if layout == channels_last
    return tile.channel + Config::tile_channels <= arguments.channels;
    //@else
    return arguments.length % Config::packet == 0;
    //@end
}

template <class Arguments>
CHELA_DEVICE bool is_token(const Arguments& arguments, int token) {
    return static_cast<uint32>(token) < static_cast<uint32>(arguments.length);
}

//@if layout == channels_last
/// Calls visit(batch, token, channel) for the packets of 8 tokens of this thread.
template <class Config, int tokens, class Visit>
CHELA_DEVICE void for_packets(const Visit& visit) {
    constexpr int packets = Config::tile_channels / Config::packet, groups = tokens / 8;
#pragma unroll 1
    for (int unit = thread_index(); unit < Config::tile_batches * groups * packets; unit += Config::threads)
        visit(unit / packets / groups, unit / packets % groups * 8, unit % packets * Config::packet);
}

/// Where the packet of token `token + j` goes, j < 8.
template <class Config, class Place>
CHELA_DEVICE typename Config::Element* place_of_packet(const Place& place, int batch, int token, int channel,
                                                       int j) {
    const int in_unit = j * Config::packet;
    return place(batch, channel + in_unit / 8, token) + in_unit % 8;
}
//@end

/// Starts the copies of `tokens` tokens, zeros outside of x. Of 8 tokens, from a multiple of 8 on, those of a
/// row go to place(batch, channel, token), batch and channel of the tile.
template <class Config, int tokens, class Arguments, class Place>
CHELA_DEVICE void copy_rows(const Arguments& arguments, const Tile& tile, int first, const Place& place) {
    using Element = typename Config::Element;
    constexpr int packet = Config::packet, bytes = packet * sizeof(Element);
    if constexpr (bytes >= 4) {
        //@if layout == channels_last
        for_packets<Config, tokens>([&](int batch, int token, int channel) {
            const bool is_there = tile.batch + batch < arguments.batch;
            const Element* const from = arguments.x + (tile.batch + batch) * arguments.x_stride[0] +
                                        (first + token) * arguments.x_stride[1] + tile.channel + channel;
#pragma unroll
            for (int j = 0; j < 8; ++j) {
                const bool valid = is_there && is_token(arguments, first + token + j);
                cp_async<bytes>(place_of_packet<Config>(place, batch, token, channel, j),
                                valid ? from + j * arguments.x_stride[1] : arguments.x, valid);
            }
        });
        //@else
#pragma unroll 2
        for (int row = warp_index(); row < Config::tile_batches * Config::tile_channels;
             row += Config::threads / 32) {
            const int batch = row / Config::tile_channels, channel = row % Config::tile_channels;
            const bool is_there =
                tile.batch + batch < arguments.batch && tile.channel + channel < arguments.channels;
            const Element* const from = arguments.x + (tile.batch + batch) * arguments.x_stride[0] +
                                        (tile.channel + channel) * arguments.x_stride[1] + first;
#pragma unroll
            for (int token = lane() * packet; token < tokens; token += 32 * packet) {
                const bool valid = is_there && is_token(arguments, first + token);
                cp_async<bytes>(place(batch, channel, token), valid ? from + token : arguments.x, valid);
            }
        }
        //@end
        cp_async_commit();
    }
}

/// Makes rows of what this thread copied, when it is there.
template <class Config, int tokens, class Place>
CHELA_DEVICE void turn_rows(const Place& place) {
    //@if layout == channels_last
    using Element = typename Config::Element;
    constexpr int packet = Config::packet;
    for_packets<Config, tokens>([&](int batch, int token, int channel) {
        Piece<Element, packet> of_token[8];
#pragma unroll
        for (int j = 0; j < 8; ++j)
            get_piece(place_of_packet<Config>(place, batch, token, channel, j), of_token[j]);
#pragma unroll
        for (int i = 0; i < packet; ++i) {
            Piece<Element, 8> of_channel{};
#pragma unroll
            for (int j = 0; j < 8; ++j) of_channel.set(j, of_token[j].element(i));
            put_piece(place(batch, channel + i, token), of_channel);
        }
    });
    //@else
    (void)place;
    //@end
}

} // namespace chela
