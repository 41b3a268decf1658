#pragma once
// What decay, feature map and normaliser add to the bodies on CUDA cores.

#include "linear_attention/units.cuh"
//@if decay != none
#include "linear_attention/decay.cuh"
//@end
//@if feature_map != identity
#include "linear_attention/mapped.cuh"
//@end
//@if normalize
#include "linear_attention/normalizer.cuh"
//@end

namespace chela {

//@if normalize
//@if causal
/// The sums of the scores of each row over 16 columns, from rows of `pitch` floats.
template <class Config>
CHELA_DEVICE void sum_scores(const BlockNormalizer<Config>& normalizer, const float* scores, int pitch) {
    constexpr int parts = Config::chunk / 16;
    for (int index = thread_index(); index < Config::chunk * parts; index += Config::threads) {
        const int token = index / parts, part = index % parts;
        float sum = 0.0f;
        for (int s = part * 16; s < part * 16 + 16; ++s) sum += scores[token * pitch + s];
        normalizer.sums[part * Config::chunk + token] = sum;
    }
}
//@end
//@end

} // namespace chela
