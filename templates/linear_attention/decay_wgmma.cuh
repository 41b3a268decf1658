#pragma once
// The decay inside a chunk: b_t, the sum of the logarithms (base 2) of a up to and including token t. Every
// warp keeps it spread over its lanes, two tokens each, and reads others' by shuffles.

#include "prelude/cuda/math.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

template <class Config>
struct ChunkDecay {
    static_assert(Config::chunk == 64, "two tokens for each lane");
    float b[2]; ///< of tokens 2 lane and 2 lane + 1
    float total;

    //@if decay == scalar
    /// `gates`: natural logarithms of a for each token, 0 behind the last.
    CHELA_DEVICE explicit ChunkDecay(const float* gates) {
        constexpr float log2_e = 1.44269504f;
        const float first = gates[2 * lane()] * log2_e;
        const float pair = first + gates[2 * lane() + 1] * log2_e;
        float sum = pair;
#pragma unroll
        for (int distance = 1; distance < 32; distance *= 2) {
            const float below = shuffle_up(sum, distance);
            if (lane() >= distance) sum += below;
        }
        b[0] = sum - pair + first;
        b[1] = sum;
        total = shuffle(sum, 31);
    }
    //@else
    /// `rate`: the logarithm (base 2) of a, the same for all of `tokens` tokens.
    CHELA_DEVICE ChunkDecay(float rate, int tokens) {
        const auto sum = [=](int count) {
            return rate * static_cast<float>(count < tokens ? count : tokens);
        };
        b[0] = sum(2 * lane() + 1);
        b[1] = sum(2 * lane() + 2);
        total = sum(64);
    }
    //@end

    /// b of tokens 8j + 2 (lane % 4) + i, where accumulators and operands hold them, at [2j + i].
    CHELA_DEVICE void of_columns(float (&columns)[16]) const {
#pragma unroll
        for (int i = 0; i < 16; ++i) columns[i] = shuffle(b[i % 2], i / 2 * 4 + lane() % 4);
    }
    /// b of a token that differs from lane to lane.
    CHELA_DEVICE float of(int token) const {
        const float even = shuffle(b[0], token / 2), odd = shuffle(b[1], token / 2);
        return token % 2 ? odd : even;
    }
};

/// Fragments of Vᵀ with each token's value multiplied by exp2(total - b): what it still counts at the chunk's
/// end.
template <class Element>
CHELA_DEVICE void weigh_values(uint32 (&weighted)[4][4], const uint32 (&values)[4][4],
                               const float (&columns)[16], float total) {
#pragma unroll
    for (int step = 0; step < 4; ++step)
#pragma unroll
        for (int half = 0; half < 2; ++half) { // eight tokens each
            const float low = exp2_approx(total - columns[step * 4 + half * 2]);
            const float high = exp2_approx(total - columns[step * 4 + half * 2 + 1]);
#pragma unroll
            for (int i = half * 2; i < half * 2 + 2; ++i)
                weighted[step][i] = pack2<Element>(low * unpack_low<Element>(values[step][i]),
                                                   high * unpack_high<Element>(values[step][i]));
        }
}

} // namespace chela
