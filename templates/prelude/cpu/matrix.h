#pragma once
// Row-major fp32 matrices in scratch memory, and how rows of a tensor get into them.

#include "prelude/cpu/elements.h"

namespace chela {

/// Elements between the rows of a scratch matrix: whole cache lines, and an odd number of them, so that a
/// narrow panel of many rows spreads over all sets of the first-level cache.
constexpr int leading_dimension(int columns) { return ((columns + 15) / 16 | 1) * 16; }

constexpr int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

/// A [rows, columns] matrix that takes `elements` floats of scratch memory.
template <int rows, int columns>
struct Matrix {
    static constexpr int stride = leading_dimension(columns);
    static constexpr int elements = rows * stride;
    float* data;
    CHELA_INLINE float* at(int row, int column) const { return data + row * stride + column; }
};

/// What packing does to the elements: nothing.
struct Unchanged {
    CHELA_INLINE Vector operator()(Vector elements) const { return elements; }
};

/// matrix[i, :] = map(source[i, :]) for i < count. Lanes beyond `columns` in the last vector of a row become
/// map(0).
template <int columns, class Element, class Target, class Map = Unchanged>
CHELA_INLINE void pack_rows(const Target& matrix, const Element* source, long long stride, int count,
                            const Map& map = {}) {
    constexpr int whole = columns / lanes * lanes;
#pragma clang loop unroll(disable)
    for (int row = 0; row < count; ++row) {
        const Element* from = source + row * stride;
        for (int column = 0; column < whole; column += lanes)
            store(matrix.at(row, column), map(load(from + column)));
        if constexpr (whole < columns) store(matrix.at(row, whole), map(load<columns - whole>(from + whole)));
    }
}

/// target[i, :] = matrix[i, :] for i < count.
template <int columns, class Element, class Source>
CHELA_INLINE void unpack_rows(Element* target, long long stride, const Source& matrix, int count) {
    constexpr int whole = columns / lanes * lanes;
#pragma clang loop unroll(disable)
    for (int row = 0; row < count; ++row) {
        Element* to = target + row * stride;
        for (int column = 0; column < whole; column += lanes)
            store(to + column, load(matrix.at(row, column)));
        if constexpr (whole < columns) store<columns - whole>(to + whole, load(matrix.at(row, whole)));
    }
}

template <class Target>
CHELA_INLINE void fill_zero(const Target& matrix, int first_row, int last_row) {
#pragma clang loop unroll(disable)
    for (float* at = matrix.at(first_row, 0); at < matrix.at(last_row, 0); at += lanes)
        store(at, broadcast(0.0f));
}

} // namespace chela
