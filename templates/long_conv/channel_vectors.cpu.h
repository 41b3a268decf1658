#pragma once
// Taps, inputs and outputs of neighbouring channels as fp32 vectors, one for each lag or token. What lies in
// memory lag by lag or token by token is transposed a square at a time.

#include "long_conv/taps.cpu.h"
//@if state == carried
#include "long_conv/history.cpu.h"
//@end
#include "prelude/cpu/partial.h"
#include "prelude/cpu/transpose.h"

namespace chela {

/// `count` channels of one sequence, as many as a vector has lanes or fewer.
struct ChannelVector {
    int batch, first, count;
};

/// vectors[i], i < lanes, from row(c) for each channel c: its `lanes` values.
template <class Row>
CHELA_INLINE void load_square(Vector* vectors, const ChannelVector& channels, const Row& row) {
    Vector square[lanes];
    for (int c = 0; c < lanes; ++c) square[c] = c < channels.count ? row(c) : broadcast(0.0f);
    transpose(square);
    for (int i = 0; i < lanes; ++i) vectors[i] = square[i];
}

/// taps[i] for the lag `lag + i`, i < count; `count` is a multiple of the lanes.
template <class Arguments>
CHELA_INLINE void load_taps(Vector* taps, int count, const Arguments& arguments,
                            const ChannelVector& channels, int lag) {
    for (int i = 0; i < count; i += lanes) {
        const int first = lag + i;
        // Of the kernel alone, and all of them there.
        const bool is_plain = first > 0 && first + lanes <= arguments.kernel_length;
        load_square(taps + i, channels, [&](int c) {
            const int channel = channels.first + c;
            if (is_plain) return load(arguments.kernel + channel * arguments.kernel_stride[0] + first);
            float value[lanes];
            for (int j = 0; j < lanes; ++j) value[j] = tap(arguments, channel, first + j);
            return load(value);
        });
    }
}

/// Token 0 of the first channel, in x or y.
template <class Element>
CHELA_INLINE Element* first_token(Element* tensor, const long long (&stride)[2],
                                  const ChannelVector& channels) {
    //@if layout == channels_last
    return tensor + channels.batch * stride[0] + channels.first;
    //@else
    return tensor + channels.batch * stride[0] + channels.first * stride[1];
    //@end
}

//@if state == carried
/// The input `token`, which is before the sequence.
template <class Element, class Arguments>
CHELA_INLINE Vector load_history(const Arguments& arguments, const ChannelVector& channels, int token) {
    Element value[lanes] = {};
    for (int c = 0; c < channels.count; ++c)
        value[c] = history<Element>(arguments, channels.batch, channels.first + c, token);
    return load(value);
}
//@end

/// inputs[i] for token `token + i`, i < count, zeros outside of the sequence; `count` is a multiple of the
/// lanes.
template <class Arguments>
CHELA_INLINE void load_tokens(Vector* inputs, int count, const Arguments& arguments,
                              const ChannelVector& channels, int token) {
    const auto* const x = first_token(arguments.x, arguments.x_stride, channels);
    using Element = __remove_cvref(decltype(*x));
    //@if layout == channels_last
    for (int i = 0; i < count; ++i) {
        inputs[i] = token + i >= 0 && token + i < arguments.length
                        ? load_first(x + (token + i) * arguments.x_stride[1], channels.count)
                        : broadcast(0.0f);
        //@if state == carried
        if (token + i < 0) inputs[i] = load_history<Element>(arguments, channels, token + i);
        //@end
    }
    //@else
    for (int i = 0; i < count; i += lanes) {
        const int first = token + i, left = arguments.length - first;
        load_square(inputs + i, channels, [&](int c) {
            const auto* const row = x + c * arguments.x_stride[1];
            if (first >= 0) return left > 0 ? load_first(row + first, left) : broadcast(0.0f);
            float value[lanes] = {};
            for (int j = -first; j < lanes && j < left; ++j) value[j] = load<1>(row + first + j)[0];
            //@if state == carried
            for (int j = 0; j < lanes && first + j < 0; ++j) {
                const Element element =
                    history<Element>(arguments, channels.batch, channels.first + c, first + j);
                value[j] = load<1>(&element)[0];
            }
            //@end
            return load(value);
        });
    }
    //@end
}

/// y of the tokens from `token` on, `count` of them.
template <class Arguments>
CHELA_INLINE void store_tokens(const Vector* outputs, int count, const Arguments& arguments,
                               const ChannelVector& channels, int token) {
    auto* const y = first_token(arguments.y, arguments.y_stride, channels);
    //@if layout == channels_last
    for (int i = 0; i < count; ++i)
        store_first(y + (token + i) * arguments.y_stride[1], channels.count, outputs[i]);
    //@else
    for (int i = 0; i < count; i += lanes) {
        Vector square[lanes];
        for (int j = 0; j < lanes; ++j) square[j] = outputs[i + j];
        transpose(square);
        for (int c = 0; c < channels.count; ++c)
            store_first(y + c * arguments.y_stride[1] + token + i, count - i, square[c]);
    }
    //@end
}

} // namespace chela
