#pragma once
// The decode step of linear attention by its definition, in float64, one token after the other.

#include "templates/linear_attention/reference.h"

#include <cmath>
#include <cstddef>
#include <span>

namespace chela {

/// Sizes and tensors of a step, all contiguous. Spans that the problem does not have are empty.
struct LinearAttentionDecodeStep {
    std::size_t batch = 0, tokens = 0, heads = 0;
    std::size_t head_dim = 0;  ///< D
    std::size_t value_dim = 0; ///< E
    std::size_t pool = 0;      ///< slots; without an index as many as sequences
    double scale = 1, epsilon = 0;
    FeatureMap feature_map = FeatureMap::identity; ///< φ

    std::span<const double> q, k, v;     ///< [batch, tokens, heads, D], the same, [batch, tokens, heads, E]
    std::span<const double> decay;       ///< [heads], s: a = exp(-s)
    std::span<const double> gate;        ///< [batch, tokens, heads], g: a = exp(g)
    std::span<const double> state_index; ///< [batch], a slot of the pool; empty: sequence b has slot b
    std::span<double> state;             ///< [batch or pool, heads, D, E], S, read and written
    std::span<double> normalizer;        ///< [batch or pool, heads, D], z, read and written
    std::span<double> o;                 ///< [batch, tokens, heads, E], written
};

/// For each token: S = a S + φ(k) vᵀ, z = a z + φ(k), o = scale · φ(q)ᵀ S, with a normaliser divided by
/// (scale · φ(q)·z + epsilon). A sequence whose index is not in the pool has o = 0 and no
/// state.
inline void linear_attention_decode_reference(const LinearAttentionDecodeStep& step) {
    const std::size_t head_dim = step.head_dim, value_dim = step.value_dim;
    for (std::size_t b = 0; b < step.batch; ++b)
        for (std::size_t h = 0; h < step.heads; ++h) {
            const double index = step.state_index.empty() ? static_cast<double>(b) : step.state_index[b];
            const bool has_state = index >= 0 && index < static_cast<double>(step.pool);
            const std::size_t slot = has_state ? static_cast<std::size_t>(index) : 0;
            for (std::size_t t = 0; t < step.tokens; ++t) {
                const std::size_t row = (b * step.tokens + t) * step.heads + h;
                double* const o = step.o.data() + row * value_dim;
                for (std::size_t e = 0; e < value_dim; ++e) o[e] = 0;
                if (!has_state) continue;
                double a = 1;
                if (!step.decay.empty()) a = std::exp(-step.decay[h]);
                if (!step.gate.empty()) a = std::exp(step.gate[row]);
                double sum = 0;
                for (std::size_t d = 0; d < head_dim; ++d) {
                    const auto phi = [&](double x) { return feature_map_reference(step.feature_map, x); };
                    const double q = step.scale * phi(step.q[row * head_dim + d]),
                                 k = phi(step.k[row * head_dim + d]);
                    const std::size_t state_row = (slot * step.heads + h) * head_dim + d;
                    double* const state = step.state.data() + state_row * value_dim;
                    for (std::size_t e = 0; e < value_dim; ++e) {
                        state[e] = a * state[e] + k * step.v[row * value_dim + e];
                        o[e] += q * state[e];
                    }
                    if (step.normalizer.empty()) continue;
                    double& z = step.normalizer[state_row];
                    z = a * z + k;
                    sum += q * z;
                }
                if (step.normalizer.empty()) continue;
                for (std::size_t e = 0; e < value_dim; ++e) o[e] /= sum + step.epsilon;
            }
        }
}

} // namespace chela
