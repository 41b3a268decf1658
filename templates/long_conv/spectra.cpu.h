#pragma once
// How the long convolution on the CPU is cut, and where transforms lie in memory.
//
// Tokens and lags are cut into blocks of P = Config::points. With the inputs
//     X_i: the transform of x[P i + n] - i x[P (i - 1) + n]        (the second i is the imaginary unit)
// and the taps H_p: that of tap[P p + n], 0 <= n < P in both, the outputs of block o are the real part of
// what Σ_p X_{o-p} H_p comes from: modulo t^P - i, the inputs of the block before are where those that they
// push out of it come round to.

#include "long_conv/tokens.cpu.h"
#include "long_conv/transform.cpu.h"

namespace chela {

CHELA_INLINE int blocks_of(int count, int size) { return (count + size - 1) / size; }

/// Blocks of lags [first, end) that may have taps, and blocks of inputs that may have inputs.
struct Range {
    int first, end;
    CHELA_INLINE int count() const { return end - first; }
};
template <class Config, class Arguments>
CHELA_INLINE Range tap_blocks(const Arguments& arguments) {
    const int count = blocks_of(arguments.kernel_length, Config::points);
    //@if bidirectional
    return {-count, count};
    //@else
    return {0, count};
    //@end
}
template <class Config, class Arguments>
CHELA_INLINE Range input_blocks(const Arguments& arguments) {
    const int count = blocks_of(arguments.length, Config::points);
    //@if bidirectional
    return {0, count + 1}; // that of the last inputs and what follows them
    //@elif state == carried
    return {1 - blocks_of(arguments.kernel_length, Config::points), count};
    //@else
    return {0, count};
    //@end
}

/// Tile of channels number `tile` of sequence `batch`, for block number `index` of something.
struct Place {
    int batch, tile, index;
};
/// Of block `block` of a launch, of `count` for each tile.
template <class Config, class Arguments>
CHELA_INLINE Place place_of(const Arguments& arguments, long long block, int count) {
    const int tiles = blocks_of(arguments.channels, Config::tile_channels);
    return {int(block / count / tiles), int(block / count % tiles), int(block % count)};
}

template <class Config>
using PointsOf = Points<Config::tile_channels>;

/// Transform number `number` of those that follow each other in memory.
template <class Config>
CHELA_INLINE PointsOf<Config> transform_at(void* memory, long long number) {
    return {static_cast<float*>(memory) + number * Config::points * PointsOf<Config>::pitch};
}
template <class Config, class Arguments>
CHELA_INLINE PointsOf<Config> taps_at(const Arguments& arguments, int tile, int block) {
    const Range range = tap_blocks<Config>(arguments);
    return transform_at<Config>(arguments.prepared,
                                static_cast<long long>(tile) * range.count() + block - range.first);
}
template <class Config, class Arguments>
CHELA_INLINE PointsOf<Config> inputs_at(const Arguments& arguments, const Place& place, int block) {
    const Range range = input_blocks<Config>(arguments);
    const int tiles = blocks_of(arguments.channels, Config::tile_channels);
    return transform_at<Config>(arguments.workspace,
                                (static_cast<long long>(place.batch) * tiles + place.tile) * range.count() +
                                    block - range.first);
}

/// Calls visit(channels, offset) for each vector of channels of a tile.
template <class Config, class Arguments, class Visit>
CHELA_INLINE void for_each_vector(const Arguments& arguments, int batch, int tile, const Visit& visit) {
    const int first = tile * Config::tile_channels;
    for (int offset = 0; offset < Config::tile_channels && first + offset < arguments.channels;
         offset += lanes) {
        const int left = arguments.channels - first - offset;
        visit(ChannelVector{batch, first + offset, left < lanes ? left : lanes}, offset);
    }
}

/// X_block of a vector of channels.
template <class Config, class Arguments>
CHELA_INLINE void transform_inputs(const PointsOf<Config>& to, const Arguments& arguments,
                                   const ChannelVector& channels, int block) {
    constexpr int points = Config::points;
    for (int i = 0; i < points; i += lanes) {
        Vector present[lanes], before[lanes];
        load_inputs<Config>(present, lanes, arguments, channels, block * points + i);
        load_inputs<Config>(before, lanes, arguments, channels, (block - 1) * points + i);
        for (int j = 0; j < lanes; ++j) to.store(i + j, {present[j], -before[j]});
    }
    transform<points>(to);
}

} // namespace chela
