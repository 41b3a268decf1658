#pragma once
// The transforms of the taps on the CPU, divided by the number of points: one block of lags of a tile of
// channels in each block of the launch.

#include "long_conv/spectra.cpu.h"

namespace chela {

template <class Config, class Arguments>
void long_conv_prepare_body(const Arguments& arguments, long long block, void*) {
    constexpr int points = Config::points;
    const Range range = tap_blocks<Config>(arguments);
    const Place place = place_of<Config>(arguments, block, range.count());
    const int lags = range.first + place.index;
    for_each_vector<Config>(arguments, 0, place.tile, [&](const ChannelVector& channels, int offset) {
        const PointsOf<Config> to = {taps_at<Config>(arguments, place.tile, lags).first + offset};
        for (int i = 0; i < points; i += lanes) {
            Vector taps[lanes];
            load_taps(taps, lanes, arguments, channels, lags * points + i);
            for (int j = 0; j < lanes; ++j)
                to.store(i + j, {taps[j] * broadcast(1.0f / points), broadcast(0.0f)});
        }
        transform<points>(to);
    });
}

} // namespace chela
