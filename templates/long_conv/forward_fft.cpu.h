#pragma once
// Long convolution on the CPU by its transform (spectra.cpu.h): one block of outputs of a tile of channels in
// each block of the launch.

#include "long_conv/spectra.cpu.h"

namespace chela {

/// to = Σ X_{outputs - p} H_p over the blocks of lags p, a few points at a time.
template <class Config, class Arguments>
CHELA_INLINE void multiply_blocks(const PointsOf<Config>& to, const Arguments& arguments, const Place& place,
                                  int offset) {
    constexpr int together = 4;
    const Range lags = tap_blocks<Config>(arguments), inputs = input_blocks<Config>(arguments);
    const int outputs = place.index;
    const int first = outputs - lags.first < inputs.end ? lags.first : outputs - inputs.end + 1,
              end = outputs - lags.end >= inputs.first ? lags.end : outputs - inputs.first + 1;
    for (int i = 0; i < Config::points; i += together) {
        Complex sum[together] = {};
        for (int p = first; p < end; ++p) {
            const PointsOf<Config> x = {inputs_at<Config>(arguments, place, outputs - p).from(i).first +
                                        offset},
                                   taps = {taps_at<Config>(arguments, place.tile, p).from(i).first + offset};
            for (int j = 0; j < together; ++j) sum[j] = sum[j] + x.load(j) * taps.load(j);
        }
        for (int j = 0; j < together; ++j) to.store(i + j, sum[j]);
    }
}

template <class Config, class Arguments>
void long_conv_forward_body(const Arguments& arguments, long long block, void* scratch) {
    constexpr int points = Config::points;
    const Place place = place_of<Config>(arguments, block, blocks_of(arguments.length, points));
    const int token = place.index * points;
    for_each_vector<Config>(
        arguments, place.batch, place.tile, [&](const ChannelVector& channels, int offset) {
            const PointsOf<Config> row = {static_cast<float*>(scratch) + offset};
            if (tap_blocks<Config>(arguments).count() == 1) {
                transform_inputs<Config>(row, arguments, channels, place.index);
                const PointsOf<Config> taps = {taps_at<Config>(arguments, place.tile, 0).first + offset};
                for (int i = 0; i < points; ++i) row.store(i, row.load(i) * taps.load(i));
            } else {
                multiply_blocks<Config>(row, arguments, place, offset);
            }
            transform_back<points>(row);
            const int tokens = arguments.length - token < points ? arguments.length - token : points;
            for (int i = 0; i < tokens; i += lanes) {
                Vector outputs[lanes];
                for (int j = 0; j < lanes; ++j) outputs[j] = output_of(row.load(i + j).re);
                store_tokens(outputs, tokens - i < lanes ? tokens - i : lanes, arguments, channels,
                             token + i);
            }
        });
}

} // namespace chela
