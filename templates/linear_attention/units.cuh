#pragma once
// The work of a block: units, each a tile of the value dimension of one piece of one head.

#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

/// Tokens [begin, end) of one head of one sequence, for one tile of the value dimension.
struct Unit {
    int value_tile, piece, head, batch, begin, end;
    //@if joined
    bool sums; ///< its state is summed up; its outputs come in another unit
    //@end
};

//@if joined
/// Two for each block.
template <class Config, class Arguments>
CHELA_DEVICE long long unit_count(const Arguments&) {
    return 2ll * grid_blocks();
}

/// A cluster of Config::segments blocks takes a value tile of a head, in one piece more than it has blocks.
/// Each sums up its piece, then computes its outputs; the first block computes at once those of the first
/// piece, which is half as long, and has the last piece, whose sum nobody needs, for its second.
template <class Config, class Arguments>
CHELA_DEVICE Unit unit_of(const Arguments& arguments, long long index) {
    const bool second = index >= grid_blocks();
    const int block = block_index(), rank = block % Config::segments;
    const int value_tile = block / Config::segments % Config::value_tiles;
    const long long head = block / (Config::segments * Config::value_tiles);
    const int piece = rank == 0 && second ? Config::segments : rank;
    //@else
    template <class Config, class Arguments>
    CHELA_DEVICE long long unit_count(const Arguments& arguments) {
        return static_cast<long long>(arguments.batch) * arguments.heads *
               (Config::value_tiles * Config::pieces);
    }

    /// Tiles of the same piece are neighbours, so that they find each other's q and k in L2. A sequence is
    /// cut in Config::segments pieces of whole chunks; the launch is for the first Config::pieces of them,
    /// first pieces first: they wait for nothing.
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
        //@end
        const int in_batch = static_cast<int>(head / arguments.heads);
        //@if packed
        const int first = arguments.cu_seqlens[in_batch];
        const int length = arguments.cu_seqlens[in_batch + 1] - first;
        //@else
        constexpr int first = 0;
        const int length = arguments.length;
        //@end
        const int chunks = (length + Config::chunk - 1) / Config::chunk;
        //@if joined
        const int first_chunks = chunks / (2 * Config::segments + 1);
        const int piece_chunks = (chunks - first_chunks + Config::segments - 1) / Config::segments;
        const int begin = piece == 0 ? 0 : (first_chunks + (piece - 1) * piece_chunks) * Config::chunk;
        const int tokens = (piece == 0 ? first_chunks : piece_chunks) * Config::chunk;
        //@else
        const int tokens = (chunks + Config::segments - 1) / Config::segments * Config::chunk;
        const int begin = piece * tokens;
        //@end
        const int end = begin + tokens < length ? begin + tokens : length;
        //@if joined
        return {value_tile,         piece,         static_cast<int>(head % arguments.heads),
                in_batch,           first + begin, first + end,
                !second && rank > 0};
        //@else
        return {value_tile, piece,         static_cast<int>(head % arguments.heads),
                in_batch,   first + begin, first + end};
        //@end
    }

    template <class Config>
    CHELA_DEVICE int unit_chunks(const Unit& unit) {
        return unit.end > unit.begin ? (unit.end - unit.begin + Config::chunk - 1) / Config::chunk : 0;
    }

    /// Token 0 of a unit's head in a tensor [batch, length, heads, columns], or [1, length, heads, columns]
    /// where packed; and the unit's first token.
    template <class Config, class T>
    CHELA_DEVICE T* head_row(T * tensor, const long long(&stride)[3], const Unit& unit) {
        const long long batch = Config::packed ? 0 : unit.batch * stride[0];
        return tensor + batch + unit.head * stride[2];
    }
    template <class Config, class T>
    CHELA_DEVICE T* unit_row(T * tensor, const long long(&stride)[3], const Unit& unit) {
        return head_row<Config>(tensor, stride, unit) + unit.begin * stride[1];
    }

    /// The state of one piece of a unit's head in the workspace [batch, heads, segments, head_dim,
    /// value_dim].
    template <class Config, class Arguments>
    CHELA_DEVICE float* unit_state(const Arguments& arguments, const Unit& unit, int piece) {
        const long long head = static_cast<long long>(unit.batch) * arguments.heads + unit.head;
        return static_cast<float*>(arguments.workspace) +
               (head * Config::segments + piece) * Config::record_elements;
    }

} // namespace chela
