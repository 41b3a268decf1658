#pragma once
// The same sums as in reference.h for long sequences, where a loop over all pairs would take hours: in
// float64 too, by Fourier transforms with zeros in between, so that nothing comes round. Tests compare both.

#include "templates/long_conv/reference.h"

#include <algorithm>
#include <bit>
#include <complex>
#include <numbers>
#include <utility>
#include <vector>

namespace chela {

/// X[k] = Σ_n x[n] exp(sign 2 pi i n k / N) in place, N a power of two: radix 2, each root computed by
/// itself.
inline void fourier_transform(std::vector<std::complex<double>>& values, double sign) {
    const std::size_t count = values.size();
    for (std::size_t i = 1, j = 0; i < count; ++i) { // into the order of reversed bits
        std::size_t bit = count / 2;
        for (; j & bit; bit /= 2) j ^= bit;
        j ^= bit;
        if (i < j) std::swap(values[i], values[j]);
    }
    std::vector<std::complex<double>> roots(count / 2);
    for (std::size_t k = 0; k < count / 2; ++k)
        roots[k] = std::polar(1.0, sign * 2 * std::numbers::pi * static_cast<double>(k) /
                                       static_cast<double>(count));
    for (std::size_t half = 1; half < count; half *= 2)
        for (std::size_t first = 0; first < count; first += 2 * half)
            for (std::size_t i = 0; i < half; ++i) {
                const std::complex<double> a = values[first + i],
                                           b = values[first + i + half] * roots[i * (count / 2 / half)];
                values[first + i] = a + b;
                values[first + i + half] = a - b;
            }
}

/// As long_conv_reference(), without states.
inline void long_conv_reference_fft(const LongConvDefinition& of) {
    if (of.length == 0) return;
    const std::size_t taps = std::min(of.kernel_length, of.length), size = std::bit_ceil(of.length + taps);
    std::vector<std::complex<double>> spectrum(size), row(size);
    for (std::size_t c = 0; c < of.channels; ++c) {
        spectrum.assign(size, 0);
        for (std::size_t m = 0; m < taps; ++m) spectrum[m] += of.kernel[c * of.kernel_length + m];
        if (!of.kernel_backward.empty())
            for (std::size_t m = 1; m < taps; ++m)
                spectrum[size - m] += of.kernel_backward[c * of.kernel_length + m];
        if (!of.skip.empty()) spectrum[0] += of.skip[c];
        fourier_transform(spectrum, -1);
        for (std::size_t b = 0; b < of.batch; ++b) {
            row.assign(size, 0);
            for (std::size_t l = 0; l < of.length; ++l) row[l] = of.x[of.index(b, l, c)];
            fourier_transform(row, -1);
            for (std::size_t k = 0; k < size; ++k) row[k] *= spectrum[k];
            fourier_transform(row, 1);
            for (std::size_t l = 0; l < of.length; ++l)
                of.y[of.index(b, l, c)] = row[l].real() / static_cast<double>(size);
        }
    }
}

/// As long_conv_reference(), by what takes less time; states by its loops.
inline void long_conv_reference_of_any_length(const LongConvDefinition& of) {
    constexpr std::size_t quadratic = 4096; // beyond it the definition's loops take too long
    const bool is_short = std::min(of.length, of.kernel_length) <= quadratic;
    const bool has_states = !of.initial_state.empty() || !of.final_state.empty();
    (is_short || has_states ? long_conv_reference : long_conv_reference_fft)(of);
}

} // namespace chela
