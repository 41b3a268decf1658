#pragma once
// Long convolution on the CPU. A block computes a run of outputs of as many channels as a vector has lanes,
// in either layout: the taps come by in segments, with the inputs that they reach, as fp32 vectors of
// channels in scratch memory. A few outputs at a time stay in registers; of the inputs that they reach, each
// is read once for as many lags.

#include "long_conv/tokens.cpu.h"

namespace chela {

/// Scratch memory of a block, a vector of channels for each token or lag.
template <class Config>
struct Scratch {
    Vector input[Config::segment + Config::tile_tokens];
    Vector tap[Config::segment];
    Vector total[Config::tile_tokens]; ///< of sums over a segment each: its error grows more slowly
};

/// Which outputs and channels.
struct Tile {
    int batch, token, tokens, channel, channels;
};

template <class Config, class Arguments>
CHELA_INLINE Tile tile_of(const Arguments& arguments, long long block) {
    const long long channel_tiles = (arguments.channels + Config::tile_channels - 1) / Config::tile_channels,
                    token_tiles = (arguments.length + Config::tile_tokens - 1) / Config::tile_tokens;
    const int channel = int(block % channel_tiles) * Config::tile_channels,
              token = int(block / channel_tiles % token_tiles) * Config::tile_tokens;
    const int tokens = arguments.length - token;
    return {int(block / channel_tiles / token_tiles), token,
            tokens < Config::tile_tokens ? tokens : Config::tile_tokens, channel,
            arguments.channels - channel};
}

/// Adds the products of `count` taps to the totals of the Config::unroll outputs from `first` on. The input
/// at position `segment + i` is that of output i at the first lag.
template <class Config>
CHELA_INLINE void add_products(Scratch<Config>& scratch, int first, int count) {
    constexpr int unroll = Config::unroll;
    Vector sum[unroll] = {};
    const Vector* const inputs = scratch.input + Config::segment + first;
#pragma clang loop unroll(disable)
    for (int lag = 0; lag < count; lag += unroll) {
        Vector input[2 * unroll - 1];
        for (int i = 0; i < 2 * unroll - 1; ++i) input[i] = inputs[i - lag - (unroll - 1)];
        for (int u = 0; u < unroll; ++u) {
            const Vector tap = scratch.tap[lag + u];
            for (int i = 0; i < unroll; ++i) sum[i] += input[i + unroll - 1 - u] * tap;
        }
    }
    for (int i = 0; i < unroll; ++i) scratch.total[first + i] += sum[i];
}

/// `lanes` channels of the tile from its `offset`-th on.
template <class Config, class Arguments>
CHELA_INLINE void convolve_channels(const Arguments& arguments, Scratch<Config>& scratch, const Tile& tile,
                                    int offset) {
    const int left = tile.channels - offset;
    const ChannelVector channels = {tile.batch, tile.channel + offset, left < lanes ? left : lanes};
    for (Vector& total : scratch.total) total = broadcast(0.0f);
    const Lags lags = lags_of(arguments, tile.token, tile.tokens);
    for (int lag = lags.first; lag <= lags.last; lag += Config::segment) {
        const int count = lags.last - lag + 1 < Config::segment ? lags.last - lag + 1 : Config::segment;
        load_taps(scratch.tap, Config::segment, arguments, channels, lag);
        load_inputs<Config>(scratch.input, Config::segment + Config::tile_tokens, arguments, channels,
                            tile.token - lag - Config::segment);
        for (int first = 0; first < tile.tokens; first += Config::unroll) add_products(scratch, first, count);
    }
    for (Vector& total : scratch.total) total = output_of(total);
    store_tokens(scratch.total, tile.tokens, arguments, channels, tile.token);
}

template <class Config, class Arguments>
void long_conv_forward_body(const Arguments& arguments, long long block, void* memory) {
    auto& scratch = *static_cast<Scratch<Config>*>(memory);
    const Tile tile = tile_of<Config>(arguments, block);
    for (int offset = 0; offset < Config::tile_channels && offset < tile.channels; offset += lanes)
        convolve_channels(arguments, scratch, tile, offset);
}

} // namespace chela
