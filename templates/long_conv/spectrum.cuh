#pragma once
// The taps of a channel as one polynomial modulo X^transform - i, where their spectrum lies among what is
// prepared, and where the table of twiddles does, after the spectra.

#include "long_conv/passes.cuh"
#include "long_conv/shift.cuh"
#include "long_conv/taps.cuh"

namespace chela {

/// Coefficients first + step(i) of the taps, i < points. Lags before 0 that are not shifted come round:
/// X^-m = -i X^(transform - m).
template <class Config, int points, class Arguments, class Step>
CHELA_DEVICE void coefficients(Complex (&value)[points], const Arguments& arguments, int channel, int first,
                               const Step& step) {
    const int shift = shift_of<Config>(arguments);
#pragma unroll
    for (int i = 0; i < points; ++i) value[i] = {tap(arguments, channel, first + step(i) - shift), 0.0f};
    //@if bidirectional
    if (shift == 0)
#pragma unroll
        for (int i = 0; i < points; ++i)
            if (first + step(i) > 0)
                value[i].im = -tap(arguments, channel, first + step(i) - Config::transform);
    //@end
}

/// The table after the spectra of all channels.
template <class Config, class Arguments>
CHELA_DEVICE Complex* twiddle_table(const Arguments& arguments) {
    return reinterpret_cast<Complex*>(arguments.prepared) +
           static_cast<int64>(arguments.channels) * Config::transform;
}

/// A channel's spectrum, in pairs as the threads hold them.
struct alignas(16) ComplexPair {
    Complex value[2];
};
/// A thread's values, one pair for every `threads` of them in memory, scaled for the way back; and other
/// values times them.
template <int threads, int points>
CHELA_DEVICE void store_spectrum(ComplexPair* spectrum, const Complex (&value)[points], float scale) {
#pragma unroll
    for (int i = 0; i < points; i += 2)
        spectrum[i / 2 * threads] = {
            {{scale * value[i].re, scale * value[i].im}, {scale * value[i + 1].re, scale * value[i + 1].im}}};
}
template <int threads, int points>
CHELA_DEVICE void multiply_by_spectrum(Complex (&value)[points], const ComplexPair* spectrum) {
#pragma unroll
    for (int i = 0; i < points; i += 2) {
        const ComplexPair pair = spectrum[i / 2 * threads];
        value[i] = multiply(value[i], pair.value[0]);
        value[i + 1] = multiply(value[i + 1], pair.value[1]);
    }
}
template <class Config, class Arguments>
CHELA_DEVICE ComplexPair* spectrum_of(const Arguments& arguments, int channel, int thread) {
    return reinterpret_cast<ComplexPair*>(arguments.prepared) +
           static_cast<int64>(channel) * (Config::transform / 2) + thread;
}

} // namespace chela
