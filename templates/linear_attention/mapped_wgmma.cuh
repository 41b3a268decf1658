#pragma once
// The feature map on tiles in panels, in place, by the warpgroups that need them: the one that copies does
// not wait for its copies.

#include "linear_attention/feature_map.cuh"
#include "linear_attention/panels.cuh"

namespace chela {

/// φ of the eight elements from `first_column` on; padding stays zero.
template <class Config>
CHELA_DEVICE Vector16 map_piece(const Vector16& piece, int first_column) {
    uint32 word[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        word[i] = feature_map_of_pair<Config>(word[i]);
        if constexpr (Config::head_dim % 8 != 0) {
            const int left = Config::head_dim - first_column - 2 * i;
            word[i] = left > 1 ? word[i] : left == 1 ? word[i] & 0xffffu : 0u;
        }
    }
    return {word[0], word[1], word[2], word[3]};
}

/// Applies the feature map to a tile [chunk, head_dim] whose first `valid_rows` rows are tokens. `thread`
/// counts the `threads` threads that share it.
template <class Config, int threads>
CHELA_DEVICE void map_panels(unsigned char* tile, int valid_rows, int thread) {
    constexpr int pieces_per_row = (Config::head_dim + 7) / 8;
    constexpr int batch = 4; // pieces in flight: one alone would wait for each step of the map
    // Eight rows on, the permutation is the same: a thread that keeps to its column steps by whole rows.
    constexpr bool regular = threads % (8 * pieces_per_row) == 0;
    if constexpr (regular && Config::chunk * pieces_per_row % threads == 0) {
        if (valid_rows >= Config::chunk) { // all of them, at constant distances
            constexpr int turns = Config::chunk * pieces_per_row / threads, in_flight = turns < 4 ? turns : 4;
            constexpr int step = threads / pieces_per_row * 128 / 16;
            Vector16* at = reinterpret_cast<Vector16*>(
                tile + panel_offset<Config::chunk>(thread / pieces_per_row, thread % pieces_per_row));
#pragma unroll 1
            for (int turn = 0; turn < turns; turn += in_flight, at += in_flight * step) {
                Vector16 x[in_flight];
#pragma unroll
                for (int i = 0; i < in_flight; ++i) x[i] = at[i * step];
#pragma unroll
                for (int i = 0; i < in_flight; ++i)
                    at[i * step] = map_piece<Config>(x[i], thread % pieces_per_row * 8);
            }
            return;
        }
    }
    const int pieces = (valid_rows < Config::chunk ? valid_rows : Config::chunk) * pieces_per_row;
    const auto place = [=](int turn) {
        const int index = thread + (regular ? 0 : turn * threads);
        const int rows_on = regular ? turn * (threads / pieces_per_row) : 0;
        return reinterpret_cast<Vector16*>(
            tile + panel_offset<Config::chunk>(index / pieces_per_row, index % pieces_per_row) +
            rows_on * 128);
    };
#pragma unroll 1
    for (int turn = 0; thread + turn * threads < pieces; turn += batch) {
        Vector16 x[batch];
#pragma unroll
        for (int i = 0; i < batch; ++i)
            if (thread + (turn + i) * threads < pieces) x[i] = *place(turn + i);
#pragma unroll
        for (int i = 0; i < batch; ++i) {
            const int index = thread + (turn + i) * threads;
            if (index < pieces) *place(turn + i) = map_piece<Config>(x[i], index % pieces_per_row * 8);
        }
    }
}

} // namespace chela
