#pragma once
// The transposed state of one warp in registers: accumulators of rows [row_tiles * 16] of the value dimension
// and columns [head_tiles * 8] of the head dimension, updated by tensor cores.

#include "linear_attention/tiles.cuh"
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

    /// Calls visit(accumulator, head index, value index) for every element inside the state.
    template <class Visit>
    CHELA_DEVICE void for_each(int first_value, Visit visit) {
#pragma unroll
        for (int row = 0; row < row_tiles; ++row)
#pragma unroll
            for (int head = 0; head < head_tiles; ++head)
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const int value_index = first_value + row * 16 + lane() / 4 + i / 2 * 8;
                    const int head_index = head * 8 + lane() % 4 * 2 + i % 2;
                    if (head_index < Config::head_dim && value_index < Config::value_dim)
                        visit(c[row][head][i], head_index, value_index);
                }
    }

    /// Reads or writes rows of [head_dim, value_dim] in fp32.
    CHELA_DEVICE void load(const float* state, long long row_stride, int first_value) {
        for_each(first_value, [=](float& x, int head, int value) { x = state[head * row_stride + value]; });
    }
    CHELA_DEVICE void store(float* state, long long row_stride, int first_value) {
        for_each(first_value, [=](float& x, int head, int value) { state[head * row_stride + value] = x; });
    }

    /// State += Vᵀ K for one chunk in shared memory; `value` points at the warp's first value column.
    CHELA_DEVICE void update(const Element* key, const Element* value) {
#pragma unroll
        for (int token = 0; token < Config::chunk; token += F::k) {
            FragmentA a[row_tiles];
#pragma unroll
            for (int row = 0; row < row_tiles; ++row)
                a[row] =
                    F::load_a_transposed(value + token * Config::value_pitch + row * 16, Config::value_pitch);
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
