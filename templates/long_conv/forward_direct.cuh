#pragma once
// Long convolution on CUDA cores. A thread computes `tokens` neighbouring outputs of one channel; a block,
// those of a few channels over a run of tokens. Taps come by in segments, with the inputs that they reach,
// through shared memory as fp32. In a thread both slide past each other: of each piece of `tokens` inputs and
// taps that it reads, it makes tokens² products.

#include "long_conv/rows.cuh"
#include "long_conv/taps.cuh"
#include "prelude/cuda/math.cuh"

namespace chela {

/// Where a value lies in a row of shared memory: pieces that lie apart by 8 or 16 fall into different banks.
CHELA_DEVICE constexpr int place_of(int token) { return token + (token >> 5) * 4; }
template <class Element, int count>
CHELA_DEVICE void put_piece(float* to, const Piece<Element, count>& piece) {
#pragma unroll
    for (int i = 0; i < count; ++i) to[i] = piece.value(i);
}
template <class Element, int count>
CHELA_DEVICE void get_piece(const float* from, Piece<Element, count>& piece) {
#pragma unroll
    for (int i = 0; i < count; ++i) piece.set(i, from_float<Element>(from[i]));
}

/// A piece of a row: `count` values, a power of two from 4 to 32, from a multiple of it on.
template <int count>
CHELA_DEVICE void read_piece(float (&values)[count], const float* row, int first) {
    const float* const from = row + place_of(first);
#pragma unroll
    for (int i = 0; i < count; i += 4) {
        const auto four = *reinterpret_cast<const Piece<float, 4>*>(from + i);
#pragma unroll
        for (int j = 0; j < 4; ++j) values[i + j] = four.value(j);
    }
}

/// Outputs of a thread over one segment of taps: `near` are the inputs of the outputs themselves at the
/// present lag, `far` those before them.
template <int tokens>
struct Outputs {
    float sum[tokens] = {};

    CHELA_DEVICE void add(const float (&far)[tokens], const float (&near)[tokens],
                          const float (&tap)[tokens]) {
#pragma unroll
        for (int lag = 0; lag < tokens; ++lag)
#pragma unroll
            for (int i = 0; i < tokens; ++i)
                sum[i] =
                    fused_multiply_add(lag <= i ? near[i - lag] : far[tokens + i - lag], tap[lag], sum[i]);
    }
};

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_forward_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int tokens = Config::tokens, segment = Config::segment,
                  row_tokens = Config::tile_tokens + segment;
    static_assert(place_of(row_tokens) <= Config::row_pitch && place_of(segment) <= Config::tap_pitch);
    const Tile tile = tile_of<Config>(arguments);
    const int own = thread_index() / Config::token_threads,
              first = thread_index() % Config::token_threads * tokens; // the thread's

    float* const rows = reinterpret_cast<float*>(dynamic_shared());
    float* const taps = rows + Config::tile_channels * Config::row_pitch;
    float* const row = rows + own * Config::row_pitch;
    const float* const own_taps = taps + own * Config::tap_pitch;

    const Lags lags = lags_of(arguments, tile.token, Config::tile_tokens);
    float total[tokens] = {}; // of sums over a segment each: its error grows more slowly than that of one sum
#pragma unroll 1
    for (int lag = lags.first & ~7; lag <= lags.last; lag += segment) {
        sync_threads(); // everyone is done with the segment before
        // The input at position `segment + i` is that of output i at the segment's first lag.
        read_rows<Config, row_tokens>(arguments, tile, tile.token - lag - segment,
                                      [rows](int to, int token, const auto& piece) {
                                          put_piece(rows + to * Config::row_pitch + place_of(token), piece);
                                      });
#pragma unroll 4
        for (int i = thread_index(); i < Config::tile_channels * segment; i += Config::threads) {
            const int channel = i / segment, at = i % segment;
            taps[channel * Config::tap_pitch + place_of(at)] =
                tile.channel + channel < arguments.channels ? tap(arguments, tile.channel + channel, lag + at)
                                                            : 0.0f;
        }
        sync_threads();
        const int count = lags.last - lag + 1 < segment ? lags.last - lag + 1 : segment;
        Outputs<tokens> outputs;
        float far[tokens], near[tokens], tap[tokens];
        read_piece(near, row, segment + first);
#pragma unroll 2
        for (int i = 0; i < count; i += tokens) {
            read_piece(far, row, segment + first - i - tokens);
            read_piece(tap, own_taps, i);
            outputs.add(far, near, tap);
#pragma unroll
            for (int j = 0; j < tokens; ++j) near[j] = far[j];
        }
#pragma unroll
        for (int i = 0; i < tokens; ++i) total[i] += outputs.sum[i];
    }

    sync_threads();
#pragma unroll
    for (int i = 0; i < tokens; ++i) row[place_of(first + i)] = output_of(total[i]);
    sync_threads();
    write_rows<Config>(arguments, tile, [rows](int from, int token, auto& piece) {
        get_piece(rows + from * Config::row_pitch + place_of(token), piece);
    });
}

} // namespace chela
