#pragma once
// tokens.cuh for the CPU: takes the place of long_conv/tokens.cpu.h.

#include "long_conv/channel_vectors.cpu.h"
#include "short_conv/activation.cpu.h"

namespace chela {

//@if short_in_loading
/// act(short convolution of x) of the tokens from `token` on, zeros outside of the sequence; `count` is a
/// multiple of the lanes.
template <class Config, class Arguments>
CHELA_INLINE void load_inputs(Vector* inputs, int count, const Arguments& arguments,
                              const ChannelVector& channels, int token) {
    constexpr int width = Config::width, before = (width - 1 + lanes - 1) / lanes * lanes;
    Vector tap[width];
    for (int w = 0; w < width; ++w)
        tap[w] = gather(arguments.weight + channels.first * arguments.weight_stride[0] + w,
                        arguments.weight_stride[0], channels.count);
    //@if bias
    const Vector bias = load_first(arguments.bias + channels.first, channels.count);
    //@else
    const Vector bias = broadcast(0.0f);
    //@end
    for (int i = 0; i < count; i += lanes) {
        Vector x[before + lanes];
        load_tokens(x, before + lanes, arguments, channels, token + i - before);
        for (int j = 0; j < lanes; ++j) {
            Vector sum = bias;
            for (int w = 0; w < width; ++w) sum += x[before - (width - 1) + j + w] * tap[w];
            const int at = token + i + j;
            inputs[i + j] = at >= 0 && at < arguments.length ? activation(sum) : broadcast(0.0f);
        }
    }
}
//@else
/// x, or in its place what the short convolution left in the workspace.
template <class Config, class Arguments>
CHELA_INLINE void load_inputs(Vector* inputs, int count, const Arguments& arguments,
                              const ChannelVector& channels, int token) {
    load_tokens(inputs, count, arguments, channels, token);
}
//@end

/// The outputs of sums.
CHELA_INLINE Vector output_of(Vector sum) {
    //@if arrangement == parallel
    return activation(sum);
    //@else
    return sum;
    //@end
}

} // namespace chela
