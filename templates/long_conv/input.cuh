#pragma once
// Rows of x and y, whose tokens lie next to each other.

#include "prelude/cuda/prefetch.cuh"

namespace chela {

template <class T>
constexpr int elements_of_line = 128 / sizeof(T);

/// x of a channel of a sequence, seen from one of its tokens or from one outside of it.
template <class Element>
struct InputRow {
    const Element* at_token;
    int token, length;

    CHELA_DEVICE InputRow from(int offset) const { return {at_token + offset, token + offset, length}; }
    /// `offset` tokens further; zero outside of the sequence.
    CHELA_DEVICE float at(int offset) const {
        return static_cast<uint32>(token + offset) < static_cast<uint32>(length) ? to_float(at_token[offset])
                                                                                 : 0.0f;
    }
    /// Hints that the next `count` tokens will be read, by `threads` together.
    CHELA_DEVICE void prefetch(int count, int thread, int threads) const {
        constexpr int step = elements_of_line<Element>;
        for (int i = thread * step; i < count && token + i < length; i += threads * step)
            prefetch_line(at_token + i);
    }
};

//@if layout == channels_last
/// Turned rows in the workspace (turn.cuh), each a multiple of 8 elements: where x lies in them, and y, in
/// the place of x or, with two copies, after it.
template <class Arguments>
CHELA_DEVICE int64 turned_elements(const Arguments& arguments, int64 rows) {
    return rows * ((arguments.length + 7) / 8 * 8);
}
template <class Config, class Arguments>
CHELA_DEVICE typename Config::Element* turned_inputs(const Arguments& arguments, int batch, int channel) {
    return reinterpret_cast<typename Config::Element*>(arguments.workspace) +
           turned_elements(arguments, static_cast<int64>(batch) * arguments.channels + channel);
}
template <class Config, class Arguments>
CHELA_DEVICE typename Config::Element* turned_outputs(const Arguments& arguments, int batch, int channel) {
    return turned_inputs<Config>(arguments, (Config::turned_copies - 1) * arguments.batch + batch, channel);
}

template <class Config, class Arguments>
CHELA_DEVICE InputRow<typename Config::Element> input_row(const Arguments& arguments, int batch,
                                                          int channel) {
    return {turned_inputs<Config>(arguments, batch, channel), 0, arguments.length};
}
template <class Config, class Arguments>
CHELA_DEVICE typename Config::Element* output_row(const Arguments& arguments, int batch, int channel) {
    return turned_outputs<Config>(arguments, batch, channel);
}
//@else
template <class Config, class Arguments>
CHELA_DEVICE InputRow<typename Config::Element> input_row(const Arguments& arguments, int batch,
                                                          int channel) {
    return {arguments.x + batch * arguments.x_stride[0] + channel * arguments.x_stride[1], 0,
            arguments.length};
}
template <class Config, class Arguments>
CHELA_DEVICE typename Config::Element* output_row(const Arguments& arguments, int batch, int channel) {
    return arguments.y + batch * arguments.y_stride[0] + channel * arguments.y_stride[1];
}
//@end

} // namespace chela
