#pragma once
// What the long convolution of a short-long one is of, one by one from a row of x: takes the place of
// long_conv/row_inputs.cuh.

#include "long_conv/input.cuh"
#include "short_long_conv/short_run.cuh"

namespace chela {

/// act(short convolution of x), seen from one of its tokens or from one outside of it.
template <class Config>
struct ShortInputRow {
    using Element = typename Config::Element;
    InputRow<Element> x;
    Taps<Config> taps;

    CHELA_DEVICE ShortInputRow from(int offset) const { return {x.from(offset), taps}; }
    /// `offset` tokens further, rounded as in memory; zero outside of the sequence.
    CHELA_DEVICE float at(int offset) const {
        if (static_cast<uint32>(x.token + offset) >= static_cast<uint32>(x.length)) return 0.0f;
        float value[1];
        short_run<Config>(value, taps, [&](int i) { return x.at(offset - (Config::width - 1) + i); });
        return to_float(from_float<Element>(value[0]));
    }
};

template <class Config, class Arguments>
CHELA_DEVICE ShortInputRow<Config> inputs_of(const Arguments& arguments, int channel,
                                             InputRow<typename Config::Element> x) {
    return {x, Taps<Config>(arguments, channel)};
}

} // namespace chela
