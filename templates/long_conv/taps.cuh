#pragma once
// The kernels and the skip term of a channel as one function of the lag. For the bodies of all targets, which
// include their prelude first.

namespace chela {

/// What x[l - lag] is multiplied by in y[l]: zero outside of [first_lag, last_lag].
template <class Arguments>
CHELA_DEVICE float tap(const Arguments& arguments, int channel, int lag) {
    //@if bidirectional
    const float* const taps = lag < 0
                                  ? arguments.kernel_backward + channel * arguments.kernel_backward_stride[0]
                                  : arguments.kernel + channel * arguments.kernel_stride[0];
    const int distance = lag < 0 ? -lag : lag;
    float value = distance < arguments.kernel_length ? taps[distance] : 0.0f;
    //@else
    float value = 0.0f;
    if (lag >= 0 && lag < arguments.kernel_length)
        value = arguments.kernel[channel * arguments.kernel_stride[0] + lag];
    //@end
    //@if skip
    if (lag == 0) value += arguments.skip[channel];
    //@end
    return value;
}

template <class Arguments>
CHELA_DEVICE int first_lag(const Arguments& arguments) {
    //@if bidirectional
    return 1 - arguments.kernel_length;
    //@else
    (void)arguments;
    return 0;
    //@end
}
template <class Arguments>
CHELA_DEVICE int last_lag(const Arguments& arguments) {
    return arguments.kernel_length - 1;
}

/// Lags from x to the outputs [first, first + count) that have a tap and an input.
struct Lags {
    int first, last;
};
template <class Arguments>
CHELA_DEVICE Lags lags_of(const Arguments& arguments, int first, int count) {
    const int to_last_input = first - (arguments.length - 1);
    //@if state == carried
    const int to_first_input = first + count - 1 + last_lag(arguments); // of the state
    //@else
    const int to_first_input = first + count - 1;
    //@end
    const int lowest = first_lag(arguments), highest = last_lag(arguments);
    return {lowest > to_last_input ? lowest : to_last_input,
            highest < to_first_input ? highest : to_first_input};
}

} // namespace chela
