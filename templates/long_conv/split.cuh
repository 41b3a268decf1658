#pragma once
// How a transform is split over launches: its points are a matrix [column_length, row_length] in the order of
// their positions. Forward, the columns are transformed first, X^transform - i being Y^column_length - i in
// Y = X^row_length, then each row modulo its own polynomial; backward, rows first. The matrix of a block of
// outputs waits in the workspace between the launches.

#include "long_conv/input.cuh"
#include "long_conv/spectrum.cuh"
#include "long_conv/transform.cuh"

namespace chela {

template <class Config>
struct Split {
    static constexpr int column_bits = log2_of(Config::column_length), row_bits = log2_of(Config::row_length);
    using ColumnTable = TwiddleTable<Config::column_length, Config::points, 0, row_bits>;
    using RowTable = TwiddleTable<Config::row_length, Config::points, column_bits, 0>;
    static_assert(ColumnTable::entries + RowTable::entries == Config::twiddles);

    template <class Arguments>
    static CHELA_DEVICE const Complex* column_table(const Arguments& arguments) {
        return twiddle_table<Config>(arguments);
    }
    template <class Arguments>
    static CHELA_DEVICE const Complex* row_table(const Arguments& arguments) {
        return twiddle_table<Config>(arguments) + ColumnTable::entries;
    }
};

/// Some neighbouring columns of a matrix: a group of threads for each, its neighbours in the lanes beside.
template <class Config>
struct Columns {
    static constexpr int width = Config::columns, tiles = Config::row_length / width;
    using Of = Passes<Config::column_length, Config::points>;
    static constexpr int last_pass = Of::count - 1;
    int column = static_cast<int>(block_index() % tiles) * width + thread_index() % width,
        thread = thread_index() / width;
    int64 matrix = block_index() / tiles; ///< of those in the grid's order

    CHELA_DEVICE Complex* shared() const {
        return reinterpret_cast<Complex*>(dynamic_shared()) + thread_index() % width;
    }
    /// Element 0 of the column in a matrix of several.
    template <class T>
    CHELA_DEVICE T* in(T* matrices) const {
        return matrices + matrix * Config::transform + column;
    }
    /// In a column, of element `point` of this thread in the first pass or in the last.
    static CHELA_DEVICE constexpr int element(int pass, int thread, int point) {
        return (Of::position(pass, thread, 0) + Of::position(pass, 0, point)) * Config::row_length;
    }
};

/// Those of the workspace, after the turned rows.
template <class Config, class Arguments>
CHELA_DEVICE Complex* matrices(const Arguments& arguments) {
    //@if layout == channels_last
    return reinterpret_cast<Complex*>(turned_inputs<Config>(arguments, arguments.batch, 0));
    //@else
    return reinterpret_cast<Complex*>(arguments.workspace);
    //@end
}

/// What the matrices of the workspace are, one after the other: tokens of a channel of a sequence.
struct Matrix {
    int batch, channel, token;
};
template <class Config, class Arguments>
CHELA_DEVICE Matrix matrix_of(const Arguments& arguments, int64 index) {
    const uint32 token_blocks = (arguments.length + Config::transform - 1u) / Config::transform;
    const uint32 matrix = static_cast<uint32>(index), row = matrix / token_blocks;
    return {static_cast<int>(row / arguments.channels), static_cast<int>(row % arguments.channels),
            static_cast<int>(matrix % token_blocks) * Config::transform};
}

} // namespace chela
