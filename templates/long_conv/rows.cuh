#pragma once
// Tiles of x and y between global memory, in either layout, and a row of shared memory for each channel of
// each sequence. Threads take packets of neighbouring elements, two tokens or more at a time.

#include "prelude/cuda/thread.cuh"
#include "prelude/packet.cuh"

namespace chela {

/// The first of a block's sequences, channels and outputs.
struct Tile {
    int batch, channel, token;
};

/// Tiles of neighbouring channels run together, the last tokens first: they may have the most to do.
template <class Config, class Arguments>
CHELA_DEVICE Tile tile_of(const Arguments& arguments) {
    const uint32 block = static_cast<uint32>(block_index()),
                 channel_tiles = (arguments.channels + Config::tile_channels - 1u) / Config::tile_channels,
                 batch_tiles = (arguments.batch + Config::tile_batches - 1u) / Config::tile_batches,
                 token_tiles = (arguments.length + Config::tile_tokens - 1u) / Config::tile_tokens;
    const uint32 token_tile = token_tiles - 1 - block / channel_tiles / batch_tiles;
    return {static_cast<int>(block / channel_tiles % batch_tiles) * Config::tile_batches,
            static_cast<int>(block % channel_tiles) * Config::tile_channels,
            static_cast<int>(token_tile) * Config::tile_tokens};
}

/// The elements from `from` on, of which the first `valid` are there; zeros for the others.
template <int count, bool aligned, class Element>
CHELA_DEVICE Packet<Element, count> load_packet(const Element* from, int valid) {
    Packet<Element, count> packet{};
    if (aligned && valid >= count) return *reinterpret_cast<const Packet<Element, count>*>(from);
#pragma unroll
    for (int i = 0; i < count; ++i)
        if (i < valid) packet.element[i] = from[i];
    return packet;
}
template <int count, bool aligned, class Element>
CHELA_DEVICE void store_packet(Element* to, const Packet<Element, count>& packet, int valid) {
    if (aligned && valid >= count) {
        *reinterpret_cast<Packet<Element, count>*>(to) = packet;
        return;
    }
#pragma unroll
    for (int i = 0; i < count; ++i)
        if (i < valid) to[i] = packet.element[i];
}

/// Calls put(row, token, packet) with the neighbouring tokens of x from `first + token` on, until all
/// `tokens` of them are put; zeros outside of x. Row `batch * tile_channels + channel` is for that one of the
/// tile. `first` is a multiple of 8, `token` one of the packet's size, which is 2, 4 or 8.
template <class Config, int tokens, class Arguments, class Put>
CHELA_DEVICE void read_rows(const Arguments& arguments, const Tile& tile, int first, const Put& put) {
    using Element = typename Config::Element;
    constexpr int packet = Config::packet, rows = Config::tile_batches * Config::tile_channels;
#pragma unroll 3 // what is on its way at once stays in registers
    for (int unit = thread_index(); unit < rows * tokens / Config::unit_elements; unit += Config::threads) {
        //@if layout == channels_last
        constexpr int packets = Config::tile_channels / packet; // of one token
        const int channel = unit % packets * packet, token = unit / packets % (tokens / 2) * 2,
                  batch = unit / packets / (tokens / 2);
        const int left = arguments.channels - tile.channel - channel;
        const bool is_there = tile.batch + batch < arguments.batch;
        const Element* const from = arguments.x + (tile.batch + batch) * arguments.x_stride[0] +
                                    (first + token) * arguments.x_stride[1] + tile.channel + channel;
        Packet<Element, packet> of_token[2];
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            const int at = first + token + i;
            of_token[i] = load_packet<packet, Config::aligned>(
                from + i * arguments.x_stride[1], is_there && at >= 0 && at < arguments.length ? left : 0);
        }
#pragma unroll
        for (int i = 0; i < packet; ++i)
            put(batch * Config::tile_channels + channel + i, token,
                Packet<Element, 2>{{of_token[0].element[i], of_token[1].element[i]}});
        //@else
        constexpr int packets = tokens / packet; // of one row
        const int token = unit % packets * packet, row = unit / packets;
        const int batch = tile.batch + row / Config::tile_channels,
                  channel = tile.channel + row % Config::tile_channels;
        const bool is_there = batch < arguments.batch && channel < arguments.channels && first + token >= 0;
        put(row, token,
            load_packet<packet, Config::aligned>(arguments.x + batch * arguments.x_stride[0] +
                                                     channel * arguments.x_stride[1] + first + token,
                                                 is_there ? arguments.length - (first + token) : 0));
        //@end
    }
}

/// y of the tile: get(row, token, packet) sets the packet to the outputs from the tile's token `token` on.
template <class Config, class Arguments, class Get>
CHELA_DEVICE void write_rows(const Arguments& arguments, const Tile& tile, const Get& get) {
    using Element = typename Config::Element;
    constexpr int packet = Config::packet, tokens = Config::tile_tokens,
                  rows = Config::tile_batches * Config::tile_channels;
#pragma unroll 1
    for (int unit = thread_index(); unit < rows * tokens / Config::unit_elements; unit += Config::threads) {
        //@if layout == channels_last
        constexpr int packets = Config::tile_channels / packet;
        const int channel = unit % packets * packet, token = unit / packets % (tokens / 2) * 2,
                  batch = unit / packets / (tokens / 2);
        const int left = arguments.channels - tile.channel - channel,
                  tokens_left =
                      tile.batch + batch < arguments.batch ? arguments.length - (tile.token + token) : 0;
        Packet<Element, packet> of_token[2];
#pragma unroll
        for (int i = 0; i < packet; ++i) {
            Packet<Element, 2> pair;
            get(batch * Config::tile_channels + channel + i, token, pair);
            of_token[0].element[i] = pair.element[0];
            of_token[1].element[i] = pair.element[1];
        }
        Element* const to = arguments.y + (tile.batch + batch) * arguments.y_stride[0] +
                            (tile.token + token) * arguments.y_stride[1] + tile.channel + channel;
#pragma unroll
        for (int i = 0; i < 2; ++i)
            if (i < tokens_left)
                store_packet<packet, Config::aligned>(to + i * arguments.y_stride[1], of_token[i], left);
        //@else
        constexpr int packets = tokens / packet;
        const int token = unit % packets * packet, row = unit / packets;
        const int batch = tile.batch + row / Config::tile_channels,
                  channel = tile.channel + row % Config::tile_channels;
        Packet<Element, packet> of_row;
        get(row, token, of_row);
        const bool is_there = batch < arguments.batch && channel < arguments.channels;
        store_packet<packet, Config::aligned>(arguments.y + batch * arguments.y_stride[0] +
                                                  channel * arguments.y_stride[1] + tile.token + token,
                                              of_row, is_there ? arguments.length - (tile.token + token) : 0);
        //@end
    }
}

} // namespace chela
