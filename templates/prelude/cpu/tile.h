#pragma once
// The register-blocked matrix product that the kernels are built from.

#include "prelude/cpu/matrix.h"

namespace chela {

/// `rows` x `vectors` accumulators that stay in registers: rows * vectors + vectors + 1 registers must exist.
template <int rows, int vectors>
struct Tile {
    Vector sum[rows][vectors];

    CHELA_INLINE void clear() {
        for (auto& row : sum)
            for (Vector& value : row) value = broadcast(0.0f);
    }

    CHELA_INLINE void load_from(const float* source, int stride) {
        for (int row = 0; row < rows; ++row)
            for (int vector = 0; vector < vectors; ++vector)
                sum[row][vector] = load(source + row * stride + vector * lanes);
    }

    CHELA_INLINE void store_to(float* target, int stride) const {
        for (int row = 0; row < rows; ++row)
            for (int vector = 0; vector < vectors; ++vector)
                store(target + row * stride + vector * lanes, sum[row][vector]);
    }

    CHELA_INLINE void scale(float factor) {
        for (auto& row : sum)
            for (Vector& value : row) value *= broadcast(factor);
    }

    /// Multiplies each row by its own factor.
    CHELA_INLINE void scale_rows(const float* factors) {
        for (int row = 0; row < rows; ++row)
            for (Vector& value : sum[row]) value *= broadcast(factors[row]);
    }

    /// sum += A·B, A [rows, depth] read element by element, B [depth, vectors * lanes] read vector by vector.
    CHELA_INLINE void multiply_add(const float* a, int a_stride, const float* b, int b_stride, int depth) {
#pragma clang loop unroll(disable)
        for (; depth > 0; --depth, ++a, b += b_stride) {
            Vector b_row[vectors];
            for (int vector = 0; vector < vectors; ++vector) b_row[vector] = load(b + vector * lanes);
            for (int row = 0; row < rows; ++row) {
                const Vector a_element = broadcast(a[row * a_stride]);
                for (int vector = 0; vector < vectors; ++vector)
                    sum[row][vector] += a_element * b_row[vector];
            }
        }
    }
};

template <int constant>
struct Width {
    static constexpr int value = constant;
};

/// Calls visit(Width<vectors>, first column) for panels of `widest` vectors, the last one narrower, over
/// `columns`.
template <int columns, int widest, class Visit>
CHELA_INLINE void for_each_panel(const Visit& visit) {
    constexpr int vectors = (columns + lanes - 1) / lanes;
    constexpr int whole = vectors / widest * widest;
    for (int vector = 0; vector < whole; vector += widest) visit(Width<widest>{}, vector * lanes);
    if constexpr (whole < vectors) visit(Width<vectors - whole>{}, whole * lanes);
}

/// What a sum is before a product is added to it: all of what it was.
struct Kept {
    static constexpr float factor = 1;
    template <class Sums>
    CHELA_INLINE void operator()(Sums&) const {}
};
/// The sum times a factor.
struct Scaled {
    float factor;
    template <class Sums>
    CHELA_INLINE void operator()(Sums& tile) const {
        tile.scale(factor);
    }
};

/// sum[:, panel] = before(sum[:, panel]) + A·B[:, panel] for the panel of `vectors` vectors at `column`;
/// `rows` is a multiple of tile_rows. `upcoming.step()` is called once per tile.
template <int tile_rows, int vectors, int rows, class Sum, class A, class B, class Upcoming,
          class Before = Kept>
CHELA_INLINE void add_product(const Sum& sum, const A& a, const B& b, int column, int depth,
                              Upcoming& upcoming, const Before& before = {}) {
    for (int row = 0; row < rows; row += tile_rows) {
        upcoming.step();
        Tile<tile_rows, vectors> tile;
        tile.load_from(sum.at(row, column), Sum::stride);
        before(tile);
        tile.multiply_add(a.at(row, 0), A::stride, b.at(0, column), B::stride, depth);
        tile.store_to(sum.at(row, column), Sum::stride);
    }
}

/// Tiles of the configuration that cover a [rows, columns] matrix.
template <class Config>
constexpr int count_tiles(int rows, int columns) {
    constexpr int width = Config::tile_vectors * lanes;
    return (rows + Config::tile_rows - 1) / Config::tile_rows * ((columns + width - 1) / width);
}

} // namespace chela
