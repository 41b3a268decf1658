#pragma once
// Linear attention forward by its definition, in float64, one token after the other.

#include <cstddef>
#include <span>
#include <vector>

namespace chela {

struct LinearAttentionShape {
    std::size_t batch = 0, length = 0, heads = 0;
    std::size_t head_dim = 0;  ///< D
    std::size_t value_dim = 0; ///< E
};

/// q, k [batch, length, heads, D], v, o [batch, length, heads, E], states [batch, heads, D, E], all
/// contiguous.
///     causal:      S_t = S_{t-1} + k_t v_tᵀ,  o_t = scale · q_tᵀ S_t
///     not causal:  o_t = scale · q_tᵀ S_length
/// S_0 is the initial state, or 0 where `initial_state` is empty. `final_state` receives S_length unless it
/// is empty.
inline void linear_attention_reference(const LinearAttentionShape& shape, bool causal, double scale,
                                       std::span<const double> q, std::span<const double> k,
                                       std::span<const double> v, std::span<const double> initial_state,
                                       std::span<double> o, std::span<double> final_state) {
    const auto [batch, length, heads, head_dim, value_dim] = shape;
    std::vector<double> state(head_dim * value_dim);

    for (std::size_t sequence = 0; sequence < batch * heads; ++sequence) {
        const std::size_t b = sequence / heads;
        const std::size_t h = sequence % heads;
        const auto token = [&](std::size_t t) { return (b * length + t) * heads + h; };
        const auto update = [&](std::size_t t) {
            for (std::size_t d = 0; d < head_dim; ++d)
                for (std::size_t e = 0; e < value_dim; ++e)
                    state[d * value_dim + e] += k[token(t) * head_dim + d] * v[token(t) * value_dim + e];
        };
        const auto output = [&](std::size_t t) {
            const std::span<double> row = o.subspan(token(t) * value_dim, value_dim);
            for (double& element : row) element = 0;
            for (std::size_t d = 0; d < head_dim; ++d)
                for (std::size_t e = 0; e < value_dim; ++e)
                    row[e] += scale * q[token(t) * head_dim + d] * state[d * value_dim + e];
        };

        for (std::size_t i = 0; i < state.size(); ++i)
            state[i] = initial_state.empty() ? 0 : initial_state[sequence * state.size() + i];
        for (std::size_t t = 0; t < length; ++t) {
            update(t);
            if (causal) output(t);
        }
        if (!causal)
            for (std::size_t t = 0; t < length; ++t) output(t);
        if (!final_state.empty())
            for (std::size_t i = 0; i < state.size(); ++i)
                final_state[sequence * state.size() + i] = state[i];
    }
}

} // namespace chela
