#pragma once
// Tiles of a head's rows from global to shared memory.

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

} // namespace chela
