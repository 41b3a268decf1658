#pragma once
// Long convolution by transforms that no block holds: the rows, forward, times those of the spectrum, and
// back, in place in the workspace.

#include "long_conv/split.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_split_rows_body(const Arguments& arguments) {
    constexpr int points = Config::points;
    using Parts = Split<Config>;
    using Of = Passes<Config::row_length, points>;
    using Twiddles = StoredTwiddles<typename Parts::RowTable>;
    constexpr int groups = Config::column_length / Config::rows; // of rows of a matrix
    const int own = thread_index() / Of::threads, thread = thread_index() % Of::threads;
    const int row = static_cast<int>(block_index() % groups) * Config::rows + own;
    const int64 matrix = block_index() / groups;
    Complex* const values = matrices<Config>(arguments) + matrix * Config::transform +
                            row * Config::row_length + Of::position(0, thread, 0);
    const ComplexPair* const spectrum =
        spectrum_of<Config>(arguments, matrix_of<Config>(arguments, matrix).channel, thread) +
        row * (Config::row_length / 2);

    Complex value[points];
#pragma unroll
    for (int i = 0; i < points; ++i) value[i] = values[Of::position(0, 0, i)];
    const Transform<points, Twiddles> transform(reinterpret_cast<Complex*>(dynamic_shared()) +
                                                    own * Of::row_pitch,
                                                thread, Twiddles(Parts::row_table(arguments)), row);
    transform.forward(value);
    multiply_by_spectrum<Of::threads>(value, spectrum);
    transform.backward(value);
#pragma unroll
    for (int i = 0; i < points; ++i) values[Of::position(0, 0, i)] = value[i];
}

} // namespace chela
