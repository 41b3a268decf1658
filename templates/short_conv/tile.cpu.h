#pragma once
// Which tokens and channels a block of the CPU works on.

#include "short_conv/sequence.cpu.h"

namespace chela {

/// Tokens [begin, end) of sequence `batch` or, where they are packed, of all sequences; `channels` channels.
struct Tile {
    int batch, begin, end, channel, channels;
};

/// Tiles of the same tokens are neighbours.
template <class Config, class Arguments>
CHELA_INLINE Tile tile_of(const Arguments& arguments, long long block) {
    const long long channel_tiles =
                        (arguments.channels + Config::block_channels - 1) / Config::block_channels,
                    token_tiles = (arguments.length + Config::block_tokens - 1) / Config::block_tokens;
    const int channel = int(block % channel_tiles) * Config::block_channels,
              begin = int(block / channel_tiles % token_tiles) * Config::block_tokens;
    const int channels = arguments.channels - channel, tokens = arguments.length - begin;
    return {int(block / channel_tiles / token_tiles), begin,
            begin + (tokens < Config::block_tokens ? tokens : Config::block_tokens), channel,
            channels < Config::block_channels ? channels : Config::block_channels};
}

/// Calls visit(part) for each part of the tile.
template <class Arguments, class Visit>
CHELA_INLINE void for_each_part(const Arguments& arguments, const Tile& tile, const Visit& visit) {
    Part part = first_part(arguments, tile.batch, tile.begin, tile.end);
    do visit(part);
    while (next_part(arguments, part, tile.end));
}

} // namespace chela
