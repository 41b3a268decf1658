#pragma once
// Tiles of a head's rows between global and shared memory, and the state between global memory and registers.

#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

/// Starts copying a [rows, columns] tile to shared memory, row r at tile + r * pitch, in pieces of
/// `alignment` bytes. Rows from valid_rows on and columns from valid_columns on become zero; `source` is not
/// read there.
template <class Element, int rows, int columns, int pitch, int alignment, int threads>
CHELA_DEVICE void load_tile(Element* tile, const Element* source, long long row_stride, int valid_rows,
                            int valid_columns) {
    constexpr int piece = alignment >= 4 ? alignment / static_cast<int>(sizeof(Element)) : 1;
    constexpr int pieces_per_row = columns / piece;
    const auto copy = [](Element* to, const Element* from, const Element* readable, bool valid) {
        if constexpr (alignment >= 4)
            cp_async<alignment>(to, valid ? from : readable, valid);
        else
            *to = valid ? *from : Element{};
    };
    if constexpr (threads % pieces_per_row == 0) { // each thread keeps to its column
        constexpr int step = threads / pieces_per_row;
        const int first = thread_index() / pieces_per_row, column = thread_index() % pieces_per_row * piece;
        const Element* from = source + first * row_stride + column;
        Element* const to = tile + first * pitch + column;
        const int rows_left = column < valid_columns ? valid_rows - first : 0;
        constexpr int unroll = alignment >= 4 ? rows / step : 1;
#pragma unroll unroll
        for (int row = 0; row < rows; row += step, from += step * row_stride)
            if (rows % step == 0 || first + row < rows) copy(to + row * pitch, from, source, row < rows_left);
    } else {
#pragma unroll 1
        for (int index = thread_index(); index < rows * pieces_per_row; index += threads) {
            const int row = index / pieces_per_row, column = index % pieces_per_row * piece;
            copy(tile + row * pitch + column, source + row * row_stride + column, source,
                 row < valid_rows && column < valid_columns);
        }
    }
}

/// Where a block works: one tile of the value dimension of one piece of the sequence of one head.
struct Place {
    int value_tile, piece, head, batch;
};

/// Blocks of the same head are neighbours, so that they find each other's q and k in L2.
template <class Config, class Arguments>
CHELA_DEVICE Place place_of_block(const Arguments& arguments) {
    const long long index = block_index();
    const long long head = index / Config::value_tiles / Config::segments;
    return {static_cast<int>(index % Config::value_tiles),
            static_cast<int>(index / Config::value_tiles % Config::segments),
            static_cast<int>(head % arguments.heads), static_cast<int>(head / arguments.heads)};
}

/// Tokens of one piece of the sequence: the length in Config::segments parts, each a multiple of the chunk.
template <class Config>
CHELA_DEVICE int piece_length(int length) {
    const int chunks = (length + Config::chunk - 1) / Config::chunk;
    return (chunks + Config::segments - 1) / Config::segments * Config::chunk;
}

/// The state of one piece of one head in the workspace [batch, heads, segments, head_dim, value_dim].
template <class Config, class Arguments>
CHELA_DEVICE float* workspace_state(const Arguments& arguments, const Place& place, int piece) {
    const long long index =
        (static_cast<long long>(place.batch) * arguments.heads + place.head) * Config::segments + piece;
    return static_cast<float*>(arguments.workspace) + index * (Config::head_dim * Config::value_dim);
}

} // namespace chela
