#pragma once
// Long convolution by its definition, in float64.

#include <cstddef>
#include <span>

namespace chela {

/// Sizes and tensors, all contiguous. Spans that the problem does not have are empty.
struct LongConvDefinition {
    std::size_t batch = 0, length = 0, channels = 0;
    std::size_t kernel_length = 0; ///< K
    bool channels_first = false;

    std::span<const double> x;               ///< [batch, length, channels] or [batch, channels, length]
    std::span<const double> kernel;          ///< [channels, K]
    std::span<const double> kernel_backward; ///< [channels, K]
    std::span<const double> skip;            ///< [channels]
    std::span<const double> initial_state;   ///< [batch, K - 1, channels] or [batch, channels, K - 1]
    std::span<double> y;                     ///< as x
    std::span<double> final_state;           ///< as initial_state

    std::size_t index(std::size_t row, std::size_t token, std::size_t channel) const {
        return channels_first ? (row * channels + channel) * length + token
                              : (row * length + token) * channels + channel;
    }
    std::size_t state_index(std::size_t row, std::size_t slot, std::size_t channel) const {
        return channels_first ? (row * channels + channel) * (kernel_length - 1) + slot
                              : (row * (kernel_length - 1) + slot) * channels + channel;
    }
};

/// For each channel of each sequence
///     y[l] = Σ_{0 <= m < K} x[l - m] · kernel[m] + Σ_{1 <= m < K} x[l + m] · kernel_backward[m] + skip ·
///     x[l]
/// where x is 0 outside of the sequence, or before it what the initial state holds, the oldest first: linear,
/// not circular. The state after it is its last K - 1 inputs. The second sum begins at 1, because kernel[0]
/// is for the token itself; kernel_backward[0] has no part in it.
inline void long_conv_reference(const LongConvDefinition& of) {
    for (std::size_t b = 0; b < of.batch; ++b)
        for (std::size_t c = 0; c < of.channels; ++c)
            for (std::size_t l = 0; l < of.length; ++l) {
                double sum = 0;
                for (std::size_t m = 0; m < of.kernel_length && m <= l; ++m)
                    sum += of.x[of.index(b, l - m, c)] * of.kernel[c * of.kernel_length + m];
                if (!of.initial_state.empty())
                    for (std::size_t m = l + 1; m < of.kernel_length; ++m)
                        sum += of.initial_state[of.state_index(b, of.kernel_length - 1 + l - m, c)] *
                               of.kernel[c * of.kernel_length + m];
                if (!of.kernel_backward.empty())
                    for (std::size_t m = 1; m < of.kernel_length && l + m < of.length; ++m)
                        sum += of.x[of.index(b, l + m, c)] * of.kernel_backward[c * of.kernel_length + m];
                if (!of.skip.empty()) sum += of.skip[c] * of.x[of.index(b, l, c)];
                of.y[of.index(b, l, c)] = sum;
            }
    if (of.final_state.empty()) return;
    for (std::size_t b = 0; b < of.batch; ++b)
        for (std::size_t c = 0; c < of.channels; ++c)
            for (std::size_t slot = 0; slot + 1 < of.kernel_length; ++slot) {
                const std::size_t at = of.length + slot, kept = of.kernel_length - 1; // among state and x
                double value = 0;
                if (at >= kept)
                    value = of.x[of.index(b, at - kept, c)];
                else if (!of.initial_state.empty())
                    value = of.initial_state[of.state_index(b, at, c)];
                of.final_state[of.state_index(b, slot, c)] = value;
            }
}

} // namespace chela
