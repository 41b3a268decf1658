#pragma once
// Scores of a chunk, Q Kᵀ ∘ mask, on tensor cores of compute capability 8.0 and up.

#include "prelude/cuda/math.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"
#include "prelude/fragments.cuh"

namespace chela {

/// Scores of one chunk, masked, into shared memory: blocks of F::k keys × 16 queries in the order of the
/// lower triangle, each stored as the B fragments of its 32 lanes. `log_decay` is b of the tokens; `sums`
/// receives the sum of each row over 16 keys, at [key / 16][query].
template <class Config>
CHELA_DEVICE void compute_scores(const typename Config::Element* query, const typename Config::Element* key,
                                 Vector16* scores, const float* log_decay = nullptr, float* sums = nullptr) {
    using F = Fragments<typename Config::Element>;
    constexpr int key_tiles = F::k / 8; // accumulator tiles of a block
    constexpr int blocks_per_row = 16 / F::k;
    constexpr int rows = Config::chunk / 16;
    for (int block = warp_index(); block < rows * (rows + 1) / 2; block += Config::warps) {
        int row = 0, column = block; // 16 × 16 blocks, row by row up to the diagonal
        while (column > row) column -= ++row;
        float c[2][4] = {};
#pragma unroll
        for (int head = 0; head < Config::padded_head_dim; head += F::k) {
            const FragmentA a = F::load_a(query + row * 16 * Config::head_pitch + head, Config::head_pitch);
            const FragmentB2 b = F::load_b(key + column * 16 * Config::head_pitch + head, Config::head_pitch);
            F::multiply(c[0], a, b, 0);
            F::multiply(c[1], a, b, 1);
        }
        //@if decay != none
#pragma unroll
        for (int tile = 0; tile < 2; ++tile)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int token = row * 16 + lane() / 4 + i / 2 * 8;
                const int earlier = column * 16 + tile * 8 + lane() % 4 * 2 + i % 2;
                c[tile][i] *= exp2_approx(minimum(log_decay[token] - log_decay[earlier], 0.0f));
            }
        //@end
        if (row == column) {
#pragma unroll
            for (int tile = 0; tile < 2; ++tile)
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const int token = lane() / 4 + i / 2 * 8, earlier = tile * 8 + lane() % 4 * 2 + i % 2;
                    if (earlier > token) c[tile][i] = 0.0f;
                }
        }
        //@if normalize
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float sum = c[0][2 * half] + c[0][2 * half + 1] + c[1][2 * half] + c[1][2 * half + 1];
            sum += shuffle_xor(sum, 1);
            sum += shuffle_xor(sum, 2);
            if (lane() % 4 == 0) sums[column * Config::chunk + row * 16 + half * 8 + lane() / 4] = sum;
        }
        //@end
#pragma unroll
        for (int part = 0; part < blocks_per_row; ++part) {
            float tile[key_tiles][4];
#pragma unroll
            for (int t = 0; t < key_tiles; ++t)
#pragma unroll
                for (int i = 0; i < 4; ++i) tile[t][i] = c[part * key_tiles + t][i];
            const FragmentB2 b = F::b_from_accumulators(tile);
            scores[(block * blocks_per_row + part) * 32 + lane()] = {b.r[0], b.r[1], b.r[2], b.r[3]};
        }
    }
}

} // namespace chela
