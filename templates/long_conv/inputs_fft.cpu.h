#pragma once
// The transforms of the inputs on the CPU, where more than one block of outputs takes each: one block of
// inputs of a tile of channels in each block of the launch.

#include "long_conv/spectra.cpu.h"

namespace chela {

template <class Config, class Arguments>
void long_conv_inputs_body(const Arguments& arguments, long long block, void*) {
    if (tap_blocks<Config>(arguments).count() == 1) return; // the outputs' blocks do it themselves
    const Range range = input_blocks<Config>(arguments);
    const Place place = place_of<Config>(arguments, block, range.count());
    const int inputs = range.first + place.index;
    for_each_vector<Config>(
        arguments, place.batch, place.tile, [&](const ChannelVector& channels, int offset) {
            transform_inputs<Config>({inputs_at<Config>(arguments, place, inputs).first + offset}, arguments,
                                     channels, inputs);
        });
}

} // namespace chela
