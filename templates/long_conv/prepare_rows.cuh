#pragma once
// Preparing for split transforms: the rows, after which the spectra lie as the threads of rows hold them.

#include "long_conv/split.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_prepare_rows_body(const Arguments& arguments) {
    constexpr int points = Config::points;
    using Parts = Split<Config>;
    using Of = Passes<Config::row_length, points>;
    using Twiddles = StoredTwiddles<typename Parts::RowTable>;
    const int own = thread_index() / Of::threads, thread = thread_index() % Of::threads;
    const int64 row = block_index() * Config::rows + own; // of the rows of all channels
    Complex* const spectrum = reinterpret_cast<Complex*>(arguments.prepared) + row * Config::row_length;

    Complex value[points];
#pragma unroll
    for (int i = 0; i < points; ++i) value[i] = spectrum[Of::position(0, thread, i)];
    Transform<points, Twiddles>(reinterpret_cast<Complex*>(dynamic_shared()) + own * Of::row_pitch, thread,
                                Twiddles(Parts::row_table(arguments)),
                                static_cast<int>(row % Config::column_length))
        .forward(value);
    sync_threads(); // the exchanges may have been of warps: everyone has read its points
    store_spectrum<Of::threads>(reinterpret_cast<ComplexPair*>(spectrum) + thread, value,
                                1.0f / Config::transform);
}

} // namespace chela
