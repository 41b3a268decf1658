#pragma once
// Tiles of x and y between global memory, in either layout, and a row of shared memory for each channel of
// each sequence. Threads take pieces of neighbouring elements, two tokens or more at a time.

#include "long_conv/tokens.cuh"
#include "prelude/cuda/thread.cuh"

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

/// Calls put(row, token, piece) with the neighbouring tokens of x from `first + token` on, until all
/// `tokens` of them are put; zeros outside of x. Row `batch * tile_channels + channel` is for that one of the
/// tile. `first` is a multiple of 8, `token` one of the piece's size, which is 2, 4 or 8.
template <class Config, int tokens, class Arguments, class Put>
CHELA_DEVICE void read_rows(const Arguments& arguments, const Tile& tile, int first, const Put& put) {
    using Element = typename Config::Element;
    constexpr int packet = Config::packet, rows = Config::tile_batches * Config::tile_channels,
                  units = rows * tokens / Config::unit_elements;
    constexpr int together = 4; // units that are on their way at once
#pragma unroll 1
    for (int begin = thread_index(); begin < units; begin += together * Config::threads) {
        //@if layout == channels_last
        constexpr int packets = Config::tile_channels / packet; // of one token
        Piece<Element, packet> of_token[together][2];
#pragma unroll
        for (int i = 0; i < together; ++i) {
            const int unit = begin + i * Config::threads;
            const int channel = unit % packets * packet, token = unit / packets % (tokens / 2) * 2,
                      batch = tile.batch + unit / packets / (tokens / 2);
            const bool is_there = unit < units && batch < arguments.batch;
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                const int at = first + token + j;
                of_token[i][j] = load_inputs<Config>(arguments, is_there, batch, tile.channel + channel, at);
            }
        }
#pragma unroll
        for (int i = 0; i < together; ++i) {
            const int unit = begin + i * Config::threads;
            const int channel = unit % packets * packet, token = unit / packets % (tokens / 2) * 2,
                      batch = unit / packets / (tokens / 2);
#pragma unroll
            for (int j = 0; j < packet; ++j) {
                Piece<Element, 2> pair{};
                pair.set(0, of_token[i][0].element(j));
                pair.set(1, of_token[i][1].element(j));
                if (unit < units) put(batch * Config::tile_channels + channel + j, token, pair);
            }
        }
        //@else
        constexpr int packets = tokens / packet; // of one row
        Piece<Element, packet> of_row[together];
#pragma unroll
        for (int i = 0; i < together; ++i) {
            const int unit = begin + i * Config::threads;
            const int token = first + unit % packets * packet, row = unit / packets;
            const int batch = tile.batch + row / Config::tile_channels,
                      channel = tile.channel + row % Config::tile_channels;
            const bool is_there = unit < units && batch < arguments.batch && channel < arguments.channels;
            of_row[i] = load_inputs<Config>(arguments, is_there, batch, channel, token);
        }
#pragma unroll
        for (int i = 0; i < together; ++i) {
            const int unit = begin + i * Config::threads;
            if (unit < units) put(unit / packets, unit % packets * packet, of_row[i]);
        }
        //@end
    }
}

/// y of the tile: get(row, token, piece) sets the piece to the outputs from the tile's token `token` on.
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
        Piece<Element, packet> of_token[2] = {};
#pragma unroll
        for (int i = 0; i < packet; ++i) {
            Piece<Element, 2> pair;
            get(batch * Config::tile_channels + channel + i, token, pair);
            of_token[0].set(i, pair.element(0));
            of_token[1].set(i, pair.element(1));
        }
        Element* const to = arguments.y + (tile.batch + batch) * arguments.y_stride[0] +
                            (tile.token + token) * arguments.y_stride[1] + tile.channel + channel;
#pragma unroll
        for (int i = 0; i < 2; ++i)
            if (i < tokens_left)
                store_piece<packet, Config::aligned>(to + i * arguments.y_stride[1], of_token[i], left);
        //@else
        constexpr int packets = tokens / packet;
        const int token = unit % packets * packet, row = unit / packets;
        const int batch = tile.batch + row / Config::tile_channels,
                  channel = tile.channel + row % Config::tile_channels;
        Piece<Element, packet> of_row;
        get(row, token, of_row);
        const bool is_there = batch < arguments.batch && channel < arguments.channels;
        store_piece<packet, Config::aligned>(arguments.y + batch * arguments.y_stride[0] +
                                                 channel * arguments.y_stride[1] + tile.token + token,
                                             of_row, is_there ? arguments.length - (tile.token + token) : 0);
        //@end
    }
}

} // namespace chela
