#pragma once
// Linear attention forward by its definition, in float64, one token after the other.

#include "templates/linear_attention/family.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace chela {

struct LinearAttentionDefinition {
    std::size_t batch = 0, length = 0, heads = 0;
    std::size_t head_dim = 0;  ///< D
    std::size_t value_dim = 0; ///< E
    bool causal = true;
    FeatureMap feature_map = FeatureMap::identity;
    bool normalize = false;
    double scale = 1, epsilon = 0;
};

/// All contiguous. What is empty is not there; `q`, `k`, `v` and `o` are [1, length, ...] where cu_seqlens is
/// there.
struct LinearAttentionTensors {
    std::span<const double> q, k, v;                           ///< [batch, length, heads, D or E]
    std::span<const double> decay;                             ///< [heads]
    std::span<const double> gate;                              ///< [batch, length, heads]
    std::span<const double> cu_seqlens;                        ///< [batch + 1]
    std::span<const double> initial_state, initial_normalizer; ///< [batch, heads, D, E], [batch, heads, D]
    std::span<double> o;                                       ///< [batch, length, heads, E]
    std::span<double> final_state, final_normalizer;
};

inline double feature_map_reference(FeatureMap map, double x) {
    switch (map) {
    case FeatureMap::identity:
        return x;
    case FeatureMap::relu:
        return x < 0 ? 0 : x;
    case FeatureMap::elu_plus_one:
        return x > 0 ? x + 1 : std::exp(x);
    case FeatureMap::silu:
        return x / (1 + std::exp(-x));
    case FeatureMap::exp:
        return std::exp(x);
    case FeatureMap::squared_relu:
        break;
    }
    return x < 0 ? 0 : x * x;
}

///     S_t = a_t S_{t-1} + φ(k_t) v_tᵀ,  z_t = a_t z_{t-1} + φ(k_t),  a_t = exp(-decay[h]) exp(gate[t, h])
///     o_t = scale · φ(q_t)ᵀ S_t, divided by scale · φ(q_t)ᵀ z_t + epsilon where `normalize`
/// Not causal: S and z of the whole sequence instead of S_t and z_t. S_0 and z_0 are the initial ones, or 0.
inline void linear_attention_reference(const LinearAttentionDefinition& definition,
                                       const LinearAttentionTensors& tensors) {
    const auto& [batch, length, heads, head_dim, value_dim, causal, map, normalize, scale, epsilon] =
        definition;
    std::vector<double> state(head_dim * value_dim), normalizer(head_dim);

    for (std::size_t sequence = 0; sequence < batch * heads; ++sequence) {
        const std::size_t b = sequence / heads, h = sequence % heads;
        std::size_t begin = b * length, end = begin + length; // tokens, counted through all sequences
        if (!tensors.cu_seqlens.empty()) {
            begin = static_cast<std::size_t>(tensors.cu_seqlens[b]);
            end = static_cast<std::size_t>(tensors.cu_seqlens[b + 1]);
        }
        const auto q = [&](std::size_t t, std::size_t d) {
            return feature_map_reference(map, tensors.q[(t * heads + h) * head_dim + d]);
        };
        const auto k = [&](std::size_t t, std::size_t d) {
            return feature_map_reference(map, tensors.k[(t * heads + h) * head_dim + d]);
        };
        const auto update = [&](std::size_t t) {
            double a = 1;
            if (!tensors.decay.empty()) a *= std::exp(-tensors.decay[h]);
            if (!tensors.gate.empty()) a *= std::exp(tensors.gate[t * heads + h]);
            for (std::size_t d = 0; d < head_dim; ++d) {
                const double key = k(t, d);
                normalizer[d] = a * normalizer[d] + key;
                for (std::size_t e = 0; e < value_dim; ++e)
                    state[d * value_dim + e] =
                        a * state[d * value_dim + e] + key * tensors.v[(t * heads + h) * value_dim + e];
            }
        };
        const auto output = [&](std::size_t t) {
            const std::span<double> row = tensors.o.subspan((t * heads + h) * value_dim, value_dim);
            double denominator = epsilon;
            for (double& element : row) element = 0;
            for (std::size_t d = 0; d < head_dim; ++d) {
                const double query = scale * q(t, d);
                denominator += query * normalizer[d];
                for (std::size_t e = 0; e < value_dim; ++e) row[e] += query * state[d * value_dim + e];
            }
            if (normalize)
                for (double& element : row) element /= denominator;
        };

        for (std::size_t i = 0; i < state.size(); ++i)
            state[i] = tensors.initial_state.empty() ? 0 : tensors.initial_state[sequence * state.size() + i];
        for (std::size_t d = 0; d < head_dim; ++d)
            normalizer[d] =
                tensors.initial_normalizer.empty() ? 0 : tensors.initial_normalizer[sequence * head_dim + d];
        for (std::size_t t = begin; t < end; ++t) {
            update(t);
            if (causal) output(t);
        }
        if (!causal)
            for (std::size_t t = begin; t < end; ++t) output(t);
        if (!tensors.final_state.empty())
            for (std::size_t i = 0; i < state.size(); ++i)
                tensors.final_state[sequence * state.size() + i] = state[i];
        if (!tensors.final_normalizer.empty())
            for (std::size_t d = 0; d < head_dim; ++d)
                tensors.final_normalizer[sequence * head_dim + d] = normalizer[d];
    }
}

} // namespace chela
