#pragma once
// The transposed state of one warpgroup in registers: 64 rows of the value dimension and all of the head
// dimension, at once accumulator of its update and A operand of the output.

#include "linear_attention/panels.cuh"
#include "prelude/cuda/matrix.cuh"
#include "prelude/cuda/wgmma.cuh"

namespace chela {

template <class Config>
struct GroupState {
    using Element = typename Config::Element;
    static constexpr int columns = Config::head_columns; ///< head dimension, padded to a width of wgmma
    static constexpr int depth = 16;                     ///< of one wgmma
    static constexpr int head_steps = columns / depth, token_steps = Config::chunk / depth;

    float c[columns / 2];

    CHELA_DEVICE void clear() {
#pragma unroll
        for (int i = 0; i < columns / 2; ++i) c[i] = 0.0f;
    }

    /// Reads or writes [head_dim, value_dim] in fp32; `first_value` is the warpgroup's first value column.
    CHELA_DEVICE void load(const float* state, long long row_stride, int first_value) {
        for_each(state, row_stride, first_value, [](float& x, const float* at) { x = *at; });
    }
    CHELA_DEVICE void store(float* state, long long row_stride, int first_value) {
        for_each(state, row_stride, first_value, [](float x, float* at) { *at = x; });
    }

    /// out = Sᵀ Qᵀ for a chunk of queries, started in a group of its own.
    CHELA_DEVICE void multiply(float (&out)[Config::chunk / 2], const unsigned char* query) const {
        constexpr int packed_steps = head_steps > 8 ? 8 : head_steps; // as many as registers allow
#pragma unroll
        for (int first = 0; first < head_steps; first += packed_steps) {
            uint32 operand[packed_steps][4];
#pragma unroll
            for (int step = 0; step < packed_steps; ++step)
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const int at = (first + step) * 8 + i * 2;
                    operand[step][i] = pack2<Element>(c[at], c[at + 1]);
                }
            wgmma_fence();
#pragma unroll
            for (int step = 0; step < packed_steps; ++step)
                wgmma<Config::chunk, Element>(out, operand[step],
                                              k_major<Config::chunk>(query, (first + step) * depth),
                                              first + step > 0);
            wgmma_commit();
            if (first + packed_steps < head_steps)
                wgmma_wait<0>(); // the operand's registers are needed again
        }
    }

    CHELA_DEVICE void scale(float factor) {
#pragma unroll
        for (int i = 0; i < columns / 2; ++i) c[i] *= factor;
    }

    /// State += Vᵀ K, started; `values` are the fragments of Vᵀ.
    CHELA_DEVICE void update(const uint32 (&values)[token_steps][4], const unsigned char* key) {
#pragma unroll
        for (int step = 0; step < token_steps; ++step)
            wgmma<columns, Element, Major::mn>(c, values[step], n_major<Config::chunk>(key, step * depth));
    }

  private:
    template <class T, class Visit>
    CHELA_DEVICE void for_each(T* state, long long row_stride, int first_value, Visit visit) {
        const int column = lane() % 4 * 2;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int value = first_value + warp_index() % 4 * 16 + lane() / 4 + half * 8;
            if (value >= Config::value_dim) continue;
            T* at = state + column * row_stride + value;
#pragma unroll
            for (int first = 0; first < columns; first += 8, at += 8 * row_stride)
#pragma unroll
                for (int odd = 0; odd < 2; ++odd)
                    if (first + column + odd < Config::head_dim)
                        visit(c[first / 2 + half * 2 + odd], at + odd * row_stride);
        }
    }
};

/// The fragments of Vᵀ for the 16 value columns of this warp, from a panel [chunk, 64 values].
template <class Config>
CHELA_DEVICE void load_values(uint32 (&a)[Config::chunk / 16][4], const unsigned char* panel) {
    const int token = lane() / 16 * 8 + lane() % 8, piece = warp_index() % 4 * 2 + lane() / 8 % 2;
#pragma unroll
    for (int step = 0; step < Config::chunk / 16; ++step)
        ldmatrix_x4_transposed(a[step], panel + panel_offset<Config::chunk>(step * 16 + token, piece));
}

} // namespace chela
