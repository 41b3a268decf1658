#pragma once
// The spectra of the kernels and the twiddles of their transforms: what forward_fft.cuh needs.

#include "long_conv/spectrum.cuh"
#include "long_conv/transform.cuh"

namespace chela {

/// A group of threads takes a channel.
template <class Config, class Arguments>
CHELA_DEVICE void long_conv_prepare_body(const Arguments& arguments) {
    constexpr int points = Config::points;
    using Of = Passes<Config::transform, points>;
    using Table = TwiddleTable<Config::transform, points>;
    using Twiddles = ComputedTwiddles<Table>;
    static_assert(Table::entries == Config::twiddles);
    const int own = thread_index() / Of::threads, thread = thread_index() % Of::threads;
    const int wanted = static_cast<int>(block_index()) * Config::sequences + own;
    const int channel = wanted < arguments.channels ? wanted : arguments.channels - 1;
    Complex* const row = reinterpret_cast<Complex*>(dynamic_shared()) + own * Of::row_pitch;

    Table::write(twiddle_table<Config>(arguments));
    Complex value[points];
    coefficients<Config>(value, arguments, channel, Of::position(0, thread, 0),
                         [](int i) { return Of::position(0, 0, i); });
    const Transform<points, Twiddles> transform(row, thread, {});
    transform.forward(value);
    if (wanted == channel)
        store_spectrum<Of::threads>(spectrum_of<Config>(arguments, channel, thread), value,
                                    1.0f / Config::transform);
}

} // namespace chela
