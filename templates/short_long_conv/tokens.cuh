#pragma once
// What the long convolution of a short-long one is of, and what is made of its sums: takes the place of
// long_conv/tokens.cuh. The short convolution is computed where inputs are loaded: what it reads again comes
// from the first-level cache.

#include "long_conv/pieces.cuh"
#include "short_conv/activation.cuh"

namespace chela {

//@if short_in_loading
enum { inputs_are_x = false };

/// What tap w of a channel's short kernel, and its bias, are multiplied by for activation().
template <class Config, class Arguments>
CHELA_DEVICE float short_tap(const Arguments& arguments, int channel, int w) {
    return channel < arguments.channels
               ? taps_scale() * arguments.weight[channel * arguments.weight_stride[0] + w]
               : 0.0f;
}
template <class Arguments>
CHELA_DEVICE float short_bias(const Arguments& arguments, int channel) {
    //@if bias
    return channel < arguments.channels ? taps_scale() * arguments.bias[channel] : 0.0f;
    //@else
    return 0.0f;
    //@end
}

/// act(short convolution of x), rounded as in memory; zeros outside of the sequence.
template <class Config, class Arguments>
CHELA_DEVICE Piece<typename Config::Element, Config::packet>
load_inputs(const Arguments& arguments, bool is_there, int batch, int channel, int token) {
    constexpr int packet = Config::packet, kept = Config::width - 1;
    float value[packet] = {};
    if (!is_there || token < 0 || token >= arguments.length)
        return Piece<typename Config::Element, packet>(value);
    //@if layout == channels_last
#pragma unroll
    for (int i = 0; i < packet; ++i) value[i] = short_bias(arguments, channel + i);
#pragma unroll 4
    for (int w = 0; w < Config::width; ++w) {
        const auto x = piece_of_x<Config>(arguments, true, batch, channel, token - kept + w);
#pragma unroll
        for (int i = 0; i < packet; ++i)
            value[i] = fused_multiply_add(x.value(i), short_tap<Config>(arguments, channel + i, w), value[i]);
    }
#pragma unroll
    for (int i = 0; i < packet; ++i) value[i] = activation(value[i]);
    //@else
    constexpr int before = (kept + packet - 1) / packet * packet;
    float x[before + packet];
#pragma unroll
    for (int i = 0; i < before + packet; i += packet) {
        const auto piece = piece_of_x<Config>(arguments, true, batch, channel, token - before + i);
#pragma unroll
        for (int j = 0; j < packet; ++j) x[i + j] = piece.value(j);
    }
#pragma unroll
    for (int i = 0; i < packet; ++i) value[i] = short_bias(arguments, channel);
#pragma unroll
    for (int w = 0; w < Config::width; ++w) {
        const float tap = short_tap<Config>(arguments, channel, w);
#pragma unroll
        for (int i = 0; i < packet; ++i)
            value[i] = fused_multiply_add(x[before - kept + i + w], tap, value[i]);
    }
#pragma unroll
    for (int i = 0; i < packet; ++i) value[i] = token + i < arguments.length ? activation(value[i]) : 0.0f;
    //@end
    return Piece<typename Config::Element, packet>(value);
}
//@else
enum { inputs_are_x = true };

/// x, or in its place what the short convolution left in the workspace.
template <class Config, class Arguments>
CHELA_DEVICE Piece<typename Config::Element, Config::packet>
load_inputs(const Arguments& arguments, bool is_there, int batch, int channel, int token) {
    return piece_of_x<Config>(arguments, is_there, batch, channel, token);
}
//@end

/// The output of a sum.
CHELA_DEVICE float output_of(float sum) {
    //@if arrangement == parallel
    return activation(taps_scale() * sum);
    //@else
    return sum;
    //@end
}

} // namespace chela
