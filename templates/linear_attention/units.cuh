#pragma once
// The work of a block: units, each a tile of the value dimension of one piece of one head.

#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

/// Tokens [begin, end) of one head of one sequence, for one tile of the value dimension.
struct Unit {
    int value_tile, piece, head, batch, begin, end;
};

/// Tokens of a sequence, in the tensors' own count.
struct Sequence {
    int first, length;
};

template <class Arguments>
CHELA_DEVICE Sequence sequence_of(const Arguments& arguments, [[maybe_unused]] int batch) {
    //@if packed
    const int first = arguments.cu_seqlens[batch];
    return {first, arguments.cu_seqlens[batch + 1] - first};
    //@else
    return {0, arguments.length};
    //@end
}

//@if later_pieces_wait
/// Chunks of a sequence of `chunks` before a piece of it. A piece adds up what all before it leave, which
/// takes 3/4 of the time of a chunk for each: later pieces are shorter, so that all end together.
template <class Config>
CHELA_DEVICE int chunks_before(int chunks, int piece) {
    constexpr int pieces = Config::segments;
    const int even = chunks / pieces, left = chunks % pieces;
    // By so many eighths of a chunk a piece is shorter than the one before; fewer where the last would
    // vanish.
    const int room = (even - 1) * 16, steep = 6 * (pieces - 1);
    const int eighths = room >= steep ? 6 : room * 2 >= steep ? 3 : 0;
    return even * piece + (piece < left ? piece : left) + eighths * piece * (pieces - piece) / 16;
}
//@end

/// Tiles of the same piece are neighbours, so that they find each other's q and k in L2. A sequence is cut in
/// Config::segments pieces of whole chunks; the launch is for the first Config::pieces of them, first pieces
/// first: they wait for nothing.
template <class Config, class Arguments>
CHELA_DEVICE Unit unit_of(const Arguments& arguments, long long index) {
    const int value_tile = static_cast<int>(index % Config::value_tiles);
    long long head = index / Config::value_tiles;
    int piece = 0;
    if constexpr (Config::pieces > 1) {
        const long long heads = static_cast<long long>(arguments.batch) * arguments.heads;
        piece = static_cast<int>(head / heads);
        head %= heads;
    }
    const int in_batch = static_cast<int>(head / arguments.heads);
    const auto [first, length] = sequence_of(arguments, in_batch);
    const int chunks = (length + Config::chunk - 1) / Config::chunk;
    //@if later_pieces_wait
    const int begin = chunks_before<Config>(chunks, piece) * Config::chunk;
    const int behind = chunks_before<Config>(chunks, piece + 1) * Config::chunk;
    //@else
    const int piece_tokens = (chunks + Config::segments - 1) / Config::segments * Config::chunk;
    const int begin = piece * piece_tokens, behind = begin + piece_tokens;
    //@end
    const int end = behind < length ? behind : length;
    return {value_tile, piece,         static_cast<int>(head % arguments.heads),
            in_batch,   first + begin, first + end};
}

/// Token 0 of a unit's head in a tensor [batch, length, heads, columns], or [1, length, heads, columns] where
/// packed; and the unit's first token.
template <class Config, class T>
CHELA_DEVICE T* head_row(T* tensor, const long long (&stride)[3], const Unit& unit) {
    const long long batch = Config::packed ? 0 : unit.batch * stride[0];
    return tensor + batch + unit.head * stride[2];
}
template <class Config, class T>
CHELA_DEVICE T* unit_row(T* tensor, const long long (&stride)[3], const Unit& unit) {
    return head_row<Config>(tensor, stride, unit) + unit.begin * stride[1];
}

/// The state of one piece of a unit's head in the workspace [batch, heads, segments, head_dim, value_dim].
template <class Config, class Arguments>
CHELA_DEVICE float* unit_state(const Arguments& arguments, const Unit& unit, int piece) {
    const long long head = static_cast<long long>(unit.batch) * arguments.heads + unit.head;
    return static_cast<float*>(arguments.workspace) +
           (head * Config::segments + piece) * Config::record_elements;
}

} // namespace chela
