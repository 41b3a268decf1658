#pragma once
// Rows of x to shared memory by asynchronous copies, where inputs are x itself, and rows of y from there.
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

//@if layout == channels_last
/// What 8 tokens of neighbouring channels are, or 8 channels of neighbouring tokens, seen from the other
/// side.
template <class Element, int from, int to>
CHELA_DEVICE void turn(const Piece<Element, to> (&pieces)[from], Piece<Element, from> (&turned)[to]) {
#pragma unroll
    for (int i = 0; i < to; ++i) {
        turned[i] = {};
#pragma unroll
        for (int j = 0; j < from; ++j) turned[i].set(j, pieces[j].element(i));
    }
}
//@end

/// Makes rows of what this thread copied, when it is there.
template <class Config, int tokens, class Place>
CHELA_DEVICE void turn_rows(const Place& place) {
    //@if layout == channels_last
    constexpr int packet = Config::packet;
    for_packets<Config, tokens>([&](int batch, int token, int channel) {
        Piece<typename Config::Element, packet> of_token[8];
        Piece<typename Config::Element, 8> of_channel[packet];
#pragma unroll
        for (int j = 0; j < 8; ++j)
            get_piece(place_of_packet<Config>(place, batch, token, channel, j), of_token[j]);
        turn(of_token, of_channel);
#pragma unroll
        for (int i = 0; i < packet; ++i) put_piece(place(batch, channel + i, token), of_channel[i]);
    });
    //@else
    (void)place;
    //@end
}

/// The tile's y from rows at place(batch, channel, token).
template <class Config, class Arguments, class Place>
CHELA_DEVICE void store_rows(const Arguments& arguments, const Tile& tile, const Place& place) {
    using Element = typename Config::Element;
    constexpr int packet = Config::packet, tokens = Config::tile_tokens;
    const int tokens_there = arguments.length - tile.token,
              channels_there = arguments.channels - tile.channel;
    //@if layout == channels_last
    const bool whole = Config::aligned && tokens <= tokens_there && Config::tile_channels <= channels_there;
    for_packets<Config, tokens>([&](int batch, int token, int channel) {
        Piece<Element, 8> of_channel[packet];
        Piece<Element, packet> of_token[8];
#pragma unroll
        for (int i = 0; i < packet; ++i) get_piece(place(batch, channel + i, token), of_channel[i]);
        turn(of_channel, of_token);
        if (tile.batch + batch >= arguments.batch) return;
        Element* const to = arguments.y + (tile.batch + batch) * arguments.y_stride[0] +
                            (tile.token + token) * arguments.y_stride[1] + tile.channel + channel;
        if (whole) {
#pragma unroll
            for (int j = 0; j < 8; ++j) put_piece(to + j * arguments.y_stride[1], of_token[j]);
        } else {
#pragma unroll
            for (int j = 0; j < 8; ++j)
                if (token + j < tokens_there)
                    store_piece<packet, Config::aligned>(to + j * arguments.y_stride[1], of_token[j],
                                                         channels_there - channel);
        }
    });
    //@else
    const bool whole = Config::aligned && tokens <= tokens_there;
#pragma unroll 1
    for (int row = warp_index(); row < Config::tile_batches * Config::tile_channels;
         row += Config::threads / 32) {
        const int batch = row / Config::tile_channels, channel = row % Config::tile_channels;
        if (tile.batch + batch >= arguments.batch || channel >= channels_there) continue;
        Element* const to = arguments.y + (tile.batch + batch) * arguments.y_stride[0] +
                            (tile.channel + channel) * arguments.y_stride[1] + tile.token;
        const auto store = [&](int token) {
            Piece<Element, packet> piece;
            get_piece(place(batch, channel, token), piece);
            if (whole)
                put_piece(to + token, piece);
            else
                store_piece<packet, Config::aligned>(to + token, piece, tokens_there - token);
        };
        if (whole) {
#pragma unroll
            for (int token = lane() * packet; token < tokens; token += 32 * packet) store(token);
        } else {
#pragma unroll 1
            for (int token = lane() * packet; token < tokens; token += 32 * packet) store(token);
        }
    }
    //@end
}

} // namespace chela
