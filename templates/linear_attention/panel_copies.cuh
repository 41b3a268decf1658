#pragma once
// Tiles of a tensor into panels (panels.cuh), by the threads of a warpgroup.

#include "linear_attention/panels.cuh"
#include "prelude/cuda/reuse.cuh"

namespace chela {

/// Starts copying a [rows, columns] tile of 16-bit elements into panels, in pieces of `alignment` bytes. Rows
/// from valid_rows on and columns from valid_columns on become zero; `source` is not read there. `thread`
/// counts the copying threads. `keep`: the tile will be read again soon.
template <class Element, int rows, int columns, int alignment, int threads, bool keep = false>
CHELA_DEVICE void load_panels(unsigned char* tile, const Element* source, long long row_stride,
                              int valid_rows, int valid_columns, int thread) {
    constexpr int bytes = alignment >= 4 ? alignment : 2;
    constexpr int elements = bytes / 2, pieces_per_row = columns / elements;
    const auto copy = [=](unsigned char* to, const Element* from, bool valid) {
        if constexpr (alignment >= 4 && keep)
            cp_async_keep<bytes>(to, valid ? from : source, valid);
        else if constexpr (alignment >= 4)
            cp_async<bytes>(to, valid ? from : source, valid);
        else
            *reinterpret_cast<Element*>(to) = valid ? *from : Element{};
    };
    if constexpr (threads % pieces_per_row == 0 && rows * pieces_per_row % threads == 0) {
        constexpr int step = threads / pieces_per_row; // each thread keeps to its column
        const int first = thread / pieces_per_row, piece = thread % pieces_per_row;
        const bool column_valid = piece * elements < valid_columns;
        const Element* from = source + first * row_stride + piece * elements;
        const auto to = [=](int row) {
            return tile + panel_offset<rows>(row, piece * bytes / 16) + piece * bytes % 16;
        };
        if (alignment >= 4 && valid_rows >= rows) {
            // Eight rows on, the permutation is the same: few addresses and constants.
            constexpr int period = step < 8 ? 8 / step : 1;
            unsigned char* starts[period];
#pragma unroll
            for (int i = 0; i < period; ++i) starts[i] = to(first + i * step);
#pragma unroll
            for (int row = 0; row < rows; row += step, from += step * row_stride)
                copy(starts[row / step % period] + row / 8 * 8 * 128, from, column_valid);
        } else {
#pragma unroll 1
            for (int row = first; row < rows; row += step, from += step * row_stride)
                copy(to(row), from, column_valid && row < valid_rows);
        }
    } else {
#pragma unroll 1
        for (int index = thread; index < rows * pieces_per_row; index += threads) {
            const int row = index / pieces_per_row, piece = index % pieces_per_row;
            copy(tile + panel_offset<rows>(row, piece * bytes / 16) + piece * bytes % 16,
                 source + row * row_stride + piece * elements,
                 row < valid_rows && piece * elements < valid_columns);
        }
    }
}

} // namespace chela
