#pragma once
// The state of a block in shared memory, [padded_head_dim][value_tile] in fp32, for the bodies on CUDA cores.

#include "linear_attention/products_simt.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

/// State = kept · State + Kᵀ V for one chunk in shared memory, its tokens weighed where there is a decay.
template <class Config>
CHELA_DEVICE void update_state(float* state, const float* key, const float* value, float kept = 1.0f,
                               const float* weights = nullptr) {
    for_micro_tiles<Config::padded_head_dim, Config::value_tile, Config::threads>(
        [=](float(&c)[4][4], int row, int column) {
            multiply<Config::value_tile, Config::value_pitch>(
                c,
                [=](int d, int s) {
                    //@if decay != none
                    return weights[s] * key[s * Config::head_pitch + d];
                    //@else
                    return key[s * Config::head_pitch + d];
                    //@end
                },
                value, row, column, Config::chunk);
        },
        [=](const float(&c)[4][4], int row, int column) {
#pragma unroll
            for (int i = 0; i < 4; ++i)
#pragma unroll
                for (int j = 0; j < 4; ++j) {
                    float& x = state[(row + i) * Config::value_tile + column + j * (Config::value_tile / 4)];
                    //@if decay != none
                    x = kept * x + c[i][j];
                    //@else
                    x += c[i][j];
                    //@end
                }
        });
}

/// Reads a [head_dim, value_dim] state from its first value column on; zeros where `source` is null or
/// outside.
template <class Config>
CHELA_DEVICE void load_state(float* state, const float* source, long long row_stride, int first_value) {
    for (int i = thread_index(); i < Config::padded_head_dim * Config::value_tile; i += Config::threads) {
        const int d = i / Config::value_tile, e = i % Config::value_tile;
        const bool inside = source && d < Config::head_dim && first_value + e < Config::value_dim;
        state[i] = inside ? source[d * row_stride + first_value + e] : 0.0f;
    }
}

template <class Config>
CHELA_DEVICE void store_state(const float* state, float* target, long long row_stride, int first_value) {
    for (int i = thread_index(); i < Config::padded_head_dim * Config::value_tile; i += Config::threads) {
        const int d = i / Config::value_tile, e = i % Config::value_tile;
        if (d < Config::head_dim && first_value + e < Config::value_dim)
            target[d * row_stride + first_value + e] = state[i];
    }
}

} // namespace chela
