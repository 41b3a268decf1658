#pragma once
// Short convolution by its definition, in float64.

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace chela {

/// Sizes and tensors, all contiguous. Spans that the problem does not have are empty.
struct ShortConvDefinition {
    std::size_t batch = 0, length = 0, channels = 0;
    std::size_t width = 0;   ///< W
    std::size_t history = 0; ///< taps before the token: W - 1 where causal, (W - 1) / 2 where centred
    std::size_t pool = 0;    ///< states; without an index as many as sequences
    bool channels_first = false;
    bool silu = false;
    bool add_input = false; ///< the residual is x itself

    std::span<const double> x;        ///< [batch, length, channels], where packed [1, length, channels];
                                      ///< or [batch, channels, length]
    std::span<const double> weight;   ///< [channels, W]
    std::span<const double> bias;     ///< [channels]
    std::span<const double> residual; ///< as x
    std::span<const double> initial_state, state_index, cu_seqlens; ///< [batch, channels, W - 1], [batch],
                                                                    ///< [batch + 1]
    std::span<double> state; ///< [batch or pool, channels, W - 1], read and written
    std::span<double> y, final_state;

    std::size_t index(std::size_t row, std::size_t token, std::size_t channel) const {
        return channels_first ? (row * channels + channel) * length + token
                              : (row * length + token) * channels + channel;
    }
};

/// y[l] = act(bias + Σ_w s[l - history + w] · weight[w]) + residual[l] for each channel of each sequence,
/// where s is x inside the sequence, what the state holds before it (s[-1] is the last of the W - 1), and 0
/// elsewhere. The state after it is s[L - W + 1] … s[L - 1]. A sequence whose index is not in the pool has
/// y = 0 and no state.
inline void short_conv_reference(const ShortConvDefinition& of) {
    const auto width = static_cast<std::ptrdiff_t>(of.width), kept = width - 1,
               history = static_cast<std::ptrdiff_t>(of.history);
    for (std::size_t b = 0; b < of.batch; ++b) {
        const bool packed = !of.cu_seqlens.empty();
        const std::size_t row = packed ? 0 : b;
        const auto first = packed ? static_cast<std::size_t>(of.cu_seqlens[b]) : 0;
        const auto end = packed ? static_cast<std::size_t>(of.cu_seqlens[b + 1]) : of.length;
        const auto count = static_cast<std::ptrdiff_t>(end - first);
        const double slot = of.state_index.empty() ? static_cast<double>(b) : of.state_index[b];
        const bool has_slot = slot >= 0 && slot < static_cast<double>(of.pool);
        for (std::size_t c = 0; c < of.channels; ++c) {
            const auto states = [&](std::size_t of_sequence) {
                return (of_sequence * of.channels + c) * static_cast<std::size_t>(kept);
            };
            const double* before = nullptr;
            if (!of.initial_state.empty()) before = of.initial_state.data() + states(b);
            if (!of.state.empty() && has_slot)
                before = of.state.data() + states(static_cast<std::size_t>(slot));
            const auto s = [&](std::ptrdiff_t l) {
                if (l >= count) return 0.0;
                if (l >= 0) return of.x[of.index(row, first + static_cast<std::size_t>(l), c)];
                return before && l >= -kept ? before[kept + l] : 0.0;
            };
            for (std::ptrdiff_t l = 0; l < count; ++l) {
                double sum = of.bias.empty() ? 0 : of.bias[c];
                for (std::ptrdiff_t w = 0; w < width; ++w)
                    sum += s(l - history + w) * of.weight[c * of.width + static_cast<std::size_t>(w)];
                if (of.silu) sum /= 1 + std::exp(-sum);
                const std::size_t at = of.index(row, first + static_cast<std::size_t>(l), c);
                if (of.add_input) sum += of.x[at];
                if (!of.residual.empty()) sum += of.residual[at];
                of.y[at] = has_slot ? sum : 0;
            }
            std::vector<double> after;
            for (std::ptrdiff_t l = count - kept; l < count; ++l) after.push_back(s(l));
            for (std::size_t i = 0; i < after.size(); ++i) {
                if (!of.final_state.empty()) of.final_state[states(b) + i] = after[i];
                if (!of.state.empty() && has_slot)
                    of.state[states(static_cast<std::size_t>(slot)) + i] = after[i];
            }
        }
    }
}

} // namespace chela
