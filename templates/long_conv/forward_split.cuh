#pragma once
// Long convolution by transforms that no block holds: the columns back, whose real parts are the outputs.

#include "long_conv/outputs.cuh"
#include "long_conv/split.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_forward_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int points = Config::points;
    using Parts = Split<Config>;
    using Twiddles = StoredTwiddles<typename Parts::ColumnTable>;
    const Columns<Config> columns;
    const Matrix matrix = matrix_of<Config>(arguments, columns.matrix);
    const Complex* const from = columns.in(static_cast<const Complex*>(matrices<Config>(arguments)));
    Complex value[points];
#pragma unroll
    for (int i = 0; i < points; ++i) value[i] = from[columns.element(columns.last_pass, columns.thread, i)];
    const Transform<points, Twiddles, Config::columns> transform(
        columns.shared(), columns.thread, Twiddles(Parts::column_table(arguments)), columns.column);
    transform.backward(value);
    float result[points];
    transform.real_parts(result, value);
    Element* const y = output_row<Config>(arguments, matrix.batch, matrix.channel);
#pragma unroll
    for (int i = 0; i < points; ++i) {
        const int token = matrix.token + columns.column + columns.element(0, columns.thread, i);
        if (token < arguments.length) y[token] = from_float<Element>(output_of(result[i]));
    }
}

} // namespace chela
