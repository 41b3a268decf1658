#pragma once
// How the blocks of a launch share the sequences of a batch, and where the rows of a sequence lie.

namespace chela {

/// The part of one head's sequence that a block works on.
struct Piece {
    long long batch, head; ///< where its tokens lie
    long long sequence;    ///< which sequence of the batch it is of: `batch`, but where sequences are packed
    int segment;
    long long begin, end; ///< tokens; an empty range where nothing is left for the piece
};

/// Piece of block = (batch * heads + head) * segments + segment. The pieces of a sequence have the same
/// length, a multiple of `chunk`, until the sequence ends.
template <int segments, int chunk, class Arguments>
Piece sequence_piece(const Arguments& arguments, long long block) {
    const long long length = arguments.length;
    const long long chunks = (length + chunk - 1) / chunk;
    const long long piece_length = (chunks + segments - 1) / segments * chunk;
    const long long sequence = block / segments;
    const int segment = int(block % segments);
    const long long begin = segment * piece_length;
    const long long end = begin + piece_length;
    const long long batch = sequence / arguments.heads;
    return {batch,   sequence % arguments.heads,      batch,
            segment, begin < length ? begin : length, end < length ? end : length};
}

/// The same where the sequences lie one after the other: `batch` of the block is the tokens
/// cu_seqlens[batch] to cu_seqlens[batch + 1] of [1, length, ...].
template <int segments, int chunk, class Arguments>
Piece packed_piece(const Arguments& arguments, long long block) {
    struct {
        long long heads, length;
    } one;
    const long long sequence = block / segments / arguments.heads;
    const long long first = arguments.cu_seqlens[sequence];
    one.heads = arguments.heads;
    one.length = arguments.cu_seqlens[sequence + 1] - first;
    Piece piece = sequence_piece<segments, chunk>(one, block);
    piece.batch = 0;
    piece.begin += first;
    piece.end += first;
    return piece;
}

/// Rows with a constant distance, in elements.
template <class Element>
struct Rows {
    Element* first;
    long long stride;
    Element* operator[](long long row) const { return first + row * stride; }
};

/// One row per token: the piece's head in a tensor [batch, length, heads, dim].
template <class Element>
Rows<Element> token_rows(Element* tensor, const long long (&strides)[3], const Piece& piece) {
    return {tensor + piece.batch * strides[0] + piece.head * strides[2], strides[1]};
}

/// The piece's head in a tensor of states [batch, heads, rows, columns].
template <class Element>
Rows<Element> state_rows(Element* tensor, const long long (&strides)[3], const Piece& piece) {
    return {tensor + piece.sequence * strides[0] + piece.head * strides[1], strides[2]};
}

} // namespace chela
