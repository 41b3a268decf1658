#pragma once
// What the long convolution of a short-long one is of: takes the place of long_conv/tokens.cuh. The short
// convolution is computed where inputs are loaded: what it reads again comes from the first-level cache.

#include "long_conv/outputs.cuh"
#include "long_conv/pieces.cuh"
//@if short_in_loading
//@if layout == channels_last
#include "short_conv/activation.cuh"
//@else
#include "short_long_conv/pending_inputs.cuh"
//@end
//@end

namespace chela {

//@if short_in_loading
enum { inputs_are_x = false };

//@if layout == channels_last
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
    return Piece<typename Config::Element, packet>(value);
}
//@else
/// act(short convolution of x), rounded as in memory; zeros outside of the sequence.
template <class Config, class Arguments>
CHELA_DEVICE Piece<typename Config::Element, Config::packet>
load_inputs(const Arguments& arguments, bool is_there, int batch, int channel, int token) {
    if (!is_there || token >= arguments.length) return {};
    PendingInputs<Config> inputs;
    inputs.ask(arguments, batch, channel, token);
    return inputs.take(arguments, channel);
}
//@end
//@else
enum { inputs_are_x = true };

/// x, or in its place what the short convolution left in the workspace.
template <class Config, class Arguments>
CHELA_DEVICE Piece<typename Config::Element, Config::packet>
load_inputs(const Arguments& arguments, bool is_there, int batch, int channel, int token) {
    return piece_of_x<Config>(arguments, is_there, batch, channel, token);
}
//@end

} // namespace chela
