#pragma once
// Where the tokens of a sequence lie, and what comes before and after them. For the bodies of all targets,
// which include their prelude first.

namespace chela {

/// Tokens [begin, end) of row `row` of x and y are sequence number `index`.
struct Sequence {
    int index, row, begin, end;
};

template <class Arguments>
CHELA_DEVICE Sequence sequence_number(const Arguments& arguments, int index) {
    //@if packed
    return {index, 0, arguments.cu_seqlens[index], arguments.cu_seqlens[index + 1]};
    //@else
    return {index, index, 0, arguments.length};
    //@end
}

/// Tokens [begin, end) of one sequence, a part of a tile or all of it.
struct Part {
    Sequence sequence;
    int begin, end;
};

//@if packed
/// The first part of the tile [begin, end), which holds a token.
template <class Arguments>
CHELA_DEVICE Part first_part(const Arguments& arguments, int, int begin, int end) {
    int low = 0, high = arguments.batch; // cu_seqlens[low] <= begin < cu_seqlens[high]
    while (high - low > 1) {
        const int middle = (low + high) / 2;
        (arguments.cu_seqlens[middle] <= begin ? low : high) = middle;
    }
    const Sequence sequence = sequence_number(arguments, low);
    return {sequence, begin, sequence.end < end ? sequence.end : end};
}

/// Moves on to the next part of a tile that ends at `end`; false where there is none.
template <class Arguments>
CHELA_DEVICE bool next_part(const Arguments& arguments, Part& part, int end) {
    if (part.end == end) return false;
    int index = part.sequence.index;
    do ++index;
    while (arguments.cu_seqlens[index + 1] == part.end); // it is empty
    part.sequence = sequence_number(arguments, index);
    part.begin = part.end;
    part.end = part.sequence.end < end ? part.sequence.end : end;
    return true;
}
//@else
/// The tile [begin, end) of sequence `index` is one part.
template <class Arguments>
CHELA_DEVICE Part first_part(const Arguments& arguments, int index, int begin, int end) {
    return {sequence_number(arguments, index), begin, end};
}
template <class Arguments>
CHELA_DEVICE bool next_part(const Arguments&, Part&, int) {
    return false;
}
//@end

/// Token 0 of a channel in the row of a sequence, in x, y or residual; and the distance of its tokens.
template <class T>
CHELA_DEVICE T* channel_of(T* tensor, const long long (&stride)[2], const Sequence& sequence, int channel) {
    //@if layout == channels_last
    return tensor + sequence.row * stride[0] + channel;
    //@else
    return tensor + sequence.row * stride[0] + channel * stride[1];
    //@end
}
CHELA_DEVICE long long token_distance(const long long (&stride)[2]) {
    //@if layout == channels_last
    return stride[1];
    //@else
    (void)stride;
    return 1;
    //@end
}

/// The input for a token of the sequence; for one of the width - 1 before it, what the initial state holds;
/// zero for others.
template <class Config, class Arguments>
CHELA_DEVICE typename Config::Element input_at(const Arguments& arguments, const Sequence& sequence,
                                               int channel, int token) {
    if (token >= sequence.begin && token < sequence.end)
        return channel_of(arguments.x, arguments.x_stride, sequence,
                          channel)[token * token_distance(arguments.x_stride)];
    //@if state == carried
    const int slot = token - sequence.begin + Config::width - 1;
    if (token < sequence.begin && slot >= 0 && arguments.initial_state)
        return arguments.initial_state[sequence.index * arguments.initial_state_stride[0] +
                                       channel * arguments.initial_state_stride[1] + slot];
    //@end
    return typename Config::Element{};
}

} // namespace chela
