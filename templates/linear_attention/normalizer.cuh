#pragma once
// The normaliser z of a head in shared memory, and the denominators of a chunk:
//     scale · (Σ_s scores(t, s) + 2^b_t φ(q_t)·z) + epsilon
// The sums over scores arrive in parts, one for each 16 columns of them.

#include "linear_attention/units.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

template <class Config>
struct BlockNormalizer {
    static constexpr int parts = Config::chunk / 16;
    float* const z;        ///< [padded_head_dim]
    float* const products; ///< [chunk], φ(q_t)·z
    float* const sums;     ///< [parts][chunk], of scores; only parts up to the diagonal are there

    CHELA_DEVICE explicit BlockNormalizer(unsigned char* shared)
        : z(reinterpret_cast<float*>(shared + Config::normalizer_offset)),
          products(z + Config::padded_head_dim), sums(products + Config::chunk) {}

    /// Zeros where `from` is null. Visible after a barrier.
    CHELA_DEVICE void load(const float* from) const {
        for (int d = thread_index(); d < Config::padded_head_dim; d += block_threads())
            z[d] = from && d < Config::head_dim ? from[d] : 0.0f;
    }
    CHELA_DEVICE void store(float* to) const {
        for (int d = thread_index(); d < Config::head_dim; d += block_threads()) to[d] = z[d];
    }

    /// products[t] for the chunk of mapped queries, rows of head_pitch elements; four lanes for each token.
    template <class Element>
    CHELA_DEVICE void multiply(const Element* query) const {
        for (int token = thread_index() / 4; token < Config::chunk; token += block_threads() / 4) {
            float sum = 0.0f;
            for (int d = thread_index() % 4; d < Config::padded_head_dim; d += 4)
                sum += to_float(query[token * Config::head_pitch + d]) * z[d];
            sum += shuffle_xor(sum, 1);
            sum += shuffle_xor(sum, 2);
            if (thread_index() % 4 == 0) products[token] = sum;
        }
    }

    /// z = kept · z + Σ_t weights[t] φ(k_t) over the chunk; `weights` may be null, which is ones.
    template <class Element>
    CHELA_DEVICE void add(const Element* key, float kept, const float* weights) const {
        for (int d = thread_index(); d < Config::padded_head_dim; d += block_threads()) {
            float sum = kept * z[d];
            for (int token = 0; token < Config::chunk; ++token)
                sum += (weights ? weights[token] : 1.0f) * to_float(key[token * Config::head_pitch + d]);
            z[d] = sum;
        }
    }

    /// What turns the sum of a token into its output: scale over the denominator. `left` is 2^b_t.
    CHELA_DEVICE float factor(int token, float left, float scale, float epsilon) const {
        float sum = left * products[token];
        //@if causal
#pragma unroll 1
        for (int part = 0; part <= token / 16; ++part) sum += sums[part * Config::chunk + token];
        //@end
        return scale / (scale * sum + epsilon);
    }
};

} // namespace chela
