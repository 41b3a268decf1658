#pragma once
// Short-long convolution by its definition, in float64: of the definitions of its two parts.

#include "templates/long_conv/reference_fft.h"
#include "templates/short_conv/reference.h"

namespace chela {

/// sequential: y = long(act(short(x))), the inputs before the sequence zero in both.
inline void short_long_conv_sequential(ShortConvDefinition short_one, LongConvDefinition long_one) {
    std::vector<double> between(short_one.x.size());
    short_one.y = between;
    short_conv_reference(short_one);
    long_one.x = between;
    long_conv_reference_of_any_length(long_one);
}

/// parallel: y = act(long(x) + short(x)).
inline void short_long_conv_parallel(ShortConvDefinition short_one, LongConvDefinition long_one) {
    std::vector<double> other(short_one.x.size());
    const bool silu = short_one.silu;
    short_one.silu = false;
    short_one.y = other;
    short_conv_reference(short_one);
    long_conv_reference_of_any_length(long_one);
    for (std::size_t i = 0; i < other.size(); ++i) {
        const double sum = long_one.y[i] + other[i];
        long_one.y[i] = silu ? sum / (1 + std::exp(-sum)) : sum;
    }
}

} // namespace chela
