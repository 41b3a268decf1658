#pragma once
// Matrix products of a block on CUDA cores, operands in shared memory, exact fp32 fused multiply-adds.
// Each thread computes micro tiles of 4 × 4 whose columns lie `columns / 4` apart, so that neighbouring
// threads read neighbouring words.

#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

/// Calls finish(c, row, column) for each micro tile of an [rows, columns] result: its elements are at row + i
/// and column + j · columns / 4. `accumulate(c, row, column)` adds the products.
template <int rows, int columns, int threads, class Accumulate, class Finish>
CHELA_DEVICE void for_micro_tiles(Accumulate accumulate, Finish finish) {
    constexpr int tiles_per_row = columns / 4;
    constexpr int tiles = rows / 4 * tiles_per_row;
    for (int tile = thread_index(); tile < tiles; tile += threads) {
        const int row = tile / tiles_per_row * 4, column = tile % tiles_per_row;
        float c[4][4] = {};
        accumulate(c, row, column);
        finish(c, row, column);
    }
}

/// c += A Bᵀ, A [rows][depth] and B [columns][depth] with rows of `pitch` floats.
template <int columns, int depth, int pitch>
CHELA_DEVICE void multiply_transposed(float (&c)[4][4], const float* a, const float* b, int row, int column) {
    for (int k = 0; k < depth; k += 4) {
        float left[4][4], right[4][4];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const Vector16 x = *reinterpret_cast<const Vector16*>(a + (row + i) * pitch + k);
            const Vector16 y =
                *reinterpret_cast<const Vector16*>(b + (column + i * (columns / 4)) * pitch + k);
            left[i][0] = bits_to_float(x.x), left[i][1] = bits_to_float(x.y);
            left[i][2] = bits_to_float(x.z), left[i][3] = bits_to_float(x.w);
            right[i][0] = bits_to_float(y.x), right[i][1] = bits_to_float(y.y);
            right[i][2] = bits_to_float(y.z), right[i][3] = bits_to_float(y.w);
        }
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
            for (int j = 0; j < 4; ++j)
#pragma unroll
                for (int l = 0; l < 4; ++l) c[i][j] += left[i][l] * right[j][l];
    }
}

/// c += A B for k < depth; `a(row, k)` gives an element of A, B is [depth][columns] with rows of `pitch`
/// floats.
template <int columns, int pitch, class ElementOfA>
CHELA_DEVICE void multiply(float (&c)[4][4], ElementOfA a, const float* b, int row, int column, int depth) {
    for (int k = 0; k < depth; ++k) {
        float right[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) right[j] = b[k * pitch + column + j * (columns / 4)];
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const float left = a(row + i, k);
#pragma unroll
            for (int j = 0; j < 4; ++j) c[i][j] += left * right[j];
        }
    }
}

} // namespace chela
