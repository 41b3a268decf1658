#pragma once
// The transposed state of one warp in registers: accumulators of rows [row_tiles * 16] of the value dimension
// and columns [head_tiles * 8] of the head dimension, updated by tensor cores.

#include "linear_attention/prepare_mma.cuh"
#include "prelude/cuda/matrix.cuh"
#include "prelude/fragments.cuh"

namespace chela {

template <class Config>
struct WarpState {
    using Element = typename Config::Element;
    using F = Fragments<Element>;
    static constexpr int row_tiles = Config::rows_per_warp / 16;
    static constexpr int head_tiles = Config::padded_head_dim / 8;
    static constexpr int tiles_per_k = F::k / 8; ///< accumulator tiles that make one A fragment

    float c[row_tiles][head_tiles][4];

    CHELA_DEVICE void clear() {
#pragma unroll
        for (int row = 0; row < row_tiles; ++row)
#pragma unroll
            for (int head = 0; head < head_tiles; ++head)
#pragma unroll
                for (int i = 0; i < 4; ++i) c[row][head][i] = 0.0f;
    }

    /// Calls move(accumulator, where its even and its odd columns lie in rows of [head_dim, value_dim], how
    /// many columns and rows of it are inside) for every tile of the state.
    template <class Pointer, class Move>
    CHELA_DEVICE void for_each_tile(Pointer state, long long row_stride, int first_value, Move move) {
        constexpr bool all_heads = Config::head_dim == Config::padded_head_dim;
        constexpr bool all_values = Config::value_dim % Config::value_tile == 0;
        const int columns = all_heads ? Config::padded_head_dim : Config::head_dim - lane() % 4 * 2;
        const int rows = all_values ? Config::rows_per_warp : Config::value_dim - first_value - lane() / 4;
        Pointer even = state + lane() % 4 * 2 * row_stride + first_value + lane() / 4;
#pragma unroll
        for (int head = 0; head < head_tiles; ++head, even += 8 * row_stride)
#pragma unroll
            for (int row = 0; row < row_tiles; ++row)
                move(c[row][head], even + row * 16, even + row_stride + row * 16, columns - head * 8,
                     rows - row * 16);
    }

    /// Reads or writes rows of [head_dim, value_dim] in fp32.
    CHELA_DEVICE void load(const float* state, long long row_stride, int first_value) {
        for_each_tile(state, row_stride, first_value,
                      [](float(&d)[4], const float* even, const float* odd, int columns, int rows) {
                          load_accumulator(d, even, odd, columns, rows);
                      });
    }
    CHELA_DEVICE void store(float* state, long long row_stride, int first_value) {
        for_each_tile(state, row_stride, first_value,
                      [](const float(&d)[4], float* even, float* odd, int columns, int rows) {
                          store_accumulator(d, even, odd, columns, rows);
                      });
    }

    //@if decay != none
    CHELA_DEVICE void scale(float factor) {
#pragma unroll
        for (int row = 0; row < row_tiles; ++row)
#pragma unroll
            for (int head = 0; head < head_tiles; ++head)
#pragma unroll
                for (int i = 0; i < 4; ++i) c[row][head][i] *= factor;
    }
    //@end

    /// State += Vᵀ K for one chunk in shared memory; `value` points at the warp's first value column. The
    /// tokens are weighed where there is a decay.
    CHELA_DEVICE void update(const Element* key, const Element* value, const float* weights = nullptr) {
#pragma unroll
        for (int token = 0; token < Config::chunk; token += F::k) {
            FragmentA a[row_tiles];
#pragma unroll
            for (int row = 0; row < row_tiles; ++row)
                a[row] =
                    F::load_a_transposed(value + token * Config::value_pitch + row * 16, Config::value_pitch);
            //@if decay != none
#pragma unroll
            for (int row = 0; row < row_tiles; ++row) weigh_columns<Element>(a[row], weights + token);
            //@end
#pragma unroll
            for (int head = 0; head < head_tiles; head += 2) {
                const FragmentB2 b =
                    F::load_b_transposed(key + token * Config::head_pitch + head * 8, Config::head_pitch);
#pragma unroll
                for (int row = 0; row < row_tiles; ++row) {
                    F::multiply(c[row][head], a[row], b, 0);
                    F::multiply(c[row][head + 1], a[row], b, 1);
                }
            }
        }
    }

    /// The state as A operand, for head indices from k_step * F::k on.
    CHELA_DEVICE FragmentA operand(int row, int k_step) const {
        float part[tiles_per_k][4];
#pragma unroll
        for (int tile = 0; tile < tiles_per_k; ++tile)
#pragma unroll
            for (int i = 0; i < 4; ++i) part[tile][i] = c[row][k_step * tiles_per_k + tile][i];
        return F::a_from_accumulators(part);
    }
};

} // namespace chela
