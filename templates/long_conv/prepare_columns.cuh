#pragma once
// Preparing for split transforms: the columns of the kernels, and the twiddles.

#include "long_conv/split.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void long_conv_prepare_columns_body(const Arguments& arguments) {
    constexpr int points = Config::points;
    using Parts = Split<Config>;
    Complex* const table = twiddle_table<Config>(arguments);
    Parts::ColumnTable::write(table);
    Parts::RowTable::write(table + Parts::ColumnTable::entries);

    const Columns<Config> columns;
    const int channel = static_cast<int>(columns.matrix);
    Complex value[points];
    coefficients<Config>(value, arguments, channel, columns.column + columns.element(0, columns.thread, 0),
                         [](int i) { return Columns<Config>::element(0, 0, i); });
    using Twiddles = ComputedTwiddles<typename Parts::ColumnTable>;
    Transform<points, Twiddles, Config::columns>(columns.shared(), columns.thread, {}, columns.column)
        .forward(value);
    Complex* const to = columns.in(reinterpret_cast<Complex*>(arguments.prepared));
#pragma unroll
    for (int i = 0; i < points; ++i) to[columns.element(columns.last_pass, columns.thread, i)] = value[i];
}

} // namespace chela
