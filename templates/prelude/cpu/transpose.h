#pragma once
// Transposition in registers.

#include "prelude/cpu/matrix.h"

namespace chela {

/// Exchanges the lanes of `first` whose index has the bit `distance` with the lanes of `second` that have it
/// not.
template <int distance, int... lane>
CHELA_INLINE void exchange(Vector& first, Vector& second, Indices<lane...>) {
    const Vector low =
        __builtin_shufflevector(first, second, ((lane & distance) ? lanes + lane - distance : lane)...);
    const Vector high =
        __builtin_shufflevector(first, second, ((lane & distance) ? lanes + lane : lane + distance)...);
    first = low;
    second = high;
}

/// Transposes a square of lanes x lanes: one exchange of halves per bit of the index.
template <int distance = lanes / 2>
CHELA_INLINE void transpose(Vector (&square)[lanes]) {
    for (int row = 0; row < lanes; ++row)
        if (!(row & distance)) exchange<distance>(square[row], square[row + distance], LaneIndices{});
    if constexpr (distance > 1) transpose<distance / 2>(square);
}

/// target[j, i] = map(source[min(i, rows - 1), j]) for i < lanes, j < width.
template <int width, class Element, class Map>
CHELA_INLINE void pack_square(float* target, int target_stride, const Element* source, long long stride,
                              int rows, const Map& map) {
    Vector square[lanes];
    for (int row = 0; row < lanes; ++row)
        square[row] = map(load<width>(source + (row < rows ? row : rows - 1) * stride));
    transpose(square);
    for (int column = 0; column < width; ++column) store(target + column * target_stride, square[column]);
}

/// matrix[:, i] = map(source[i, :]) for i < count, and copies of the last row up to the next multiple of the
/// vector width.
template <int columns, class Element, class Target, class Map = Unchanged>
CHELA_INLINE void pack_transposed(const Target& matrix, const Element* source, long long stride, int count,
                                  const Map& map = {}) {
    constexpr int whole = columns / lanes * lanes;
#pragma clang loop unroll(disable)
    for (int row = 0; row < count; row += lanes) {
        const Element* from = source + row * stride;
#pragma clang loop unroll(disable)
        for (int column = 0; column < whole; column += lanes)
            pack_square<lanes>(matrix.at(column, row), Target::stride, from + column, stride, count - row,
                               map);
        if constexpr (whole < columns)
            pack_square<columns - whole>(matrix.at(whole, row), Target::stride, from + whole, stride,
                                         count - row, map);
    }
}

} // namespace chela
