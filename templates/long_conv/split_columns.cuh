#pragma once
// Long convolution by transforms that no block holds (see forward_fft.cuh for what is transformed): the
// columns of the inputs, into the workspace.

#include "long_conv/row_inputs.cuh"
#include "long_conv/split.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_split_columns_body(const Arguments& arguments) {
    constexpr int points = Config::points;
    using Parts = Split<Config>;
    const Columns<Config> columns;
    const Matrix matrix = matrix_of<Config>(arguments, columns.matrix);
    const int input = matrix.token + shift_of<Config>(arguments);
    const auto row = inputs_of<Config>(arguments, matrix.channel,
                                       input_row<Config>(arguments, matrix.batch, matrix.channel))
                         .from(input + columns.column + columns.element(0, columns.thread, 0));
    Complex value[points];
#pragma unroll
    for (int i = 0; i < points; ++i) value[i] = {row.at(columns.element(0, 0, i)), 0.0f};
    if (input > 0)
#pragma unroll
        for (int i = 0; i < points; ++i)
            value[i].im = -row.from(-Config::transform).at(columns.element(0, 0, i));
    using Twiddles = StoredTwiddles<typename Parts::ColumnTable>;
    Transform<points, Twiddles, Config::columns>(columns.shared(), columns.thread,
                                                 Twiddles(Parts::column_table(arguments)), columns.column)
        .forward(value);
    Complex* const to = columns.in(matrices<Config>(arguments));
#pragma unroll
    for (int i = 0; i < points; ++i) to[columns.element(columns.last_pass, columns.thread, i)] = value[i];
}

} // namespace chela
