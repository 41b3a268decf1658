#pragma once
// The work of the blocks of a cluster: a tile of the value dimension of one head, in one piece more than
// there are blocks. Each block has two turns. In the first it sums up its piece, in the second it computes
// the outputs. The first block computes at once the outputs of the first piece, which is half as long, and
// for its second turn has the last piece, whose sum nobody needs.

#include "linear_attention/units.cuh"

namespace chela {

struct ClusterUnit : Unit {
    bool sums; ///< otherwise its outputs are computed
};

template <class Config, class Arguments>
CHELA_DEVICE ClusterUnit cluster_unit_of(const Arguments& arguments, int turn) {
    constexpr int blocks = Config::segments;
    const int rank = block_index() % blocks, value_tile = block_index() / blocks % Config::value_tiles;
    const int head = block_index() / (blocks * Config::value_tiles);
    const int piece = rank == 0 && turn > 0 ? blocks : rank;
    const int batch = head / arguments.heads;
    const auto [first, length] = sequence_of(arguments, batch);
    const int chunks = (length + Config::chunk - 1) / Config::chunk, first_chunks = chunks / (2 * blocks + 1);
    const int piece_chunks = (chunks - first_chunks + blocks - 1) / blocks;
    const int begin = piece == 0 ? 0 : (first_chunks + (piece - 1) * piece_chunks) * Config::chunk;
    const int end = begin + (piece == 0 ? first_chunks : piece_chunks) * Config::chunk;
    return {{value_tile, piece, head % arguments.heads, batch, first + begin,
             first + (end < length ? end : length)},
            turn == 0 && rank > 0};
}

/// Both turns of a block.
template <class Config>
struct Work {
    int turn = 0;

    template <class Arguments>
    CHELA_DEVICE bool left(const Arguments&) const {
        return turn < 2;
    }
    template <class Arguments>
    CHELA_DEVICE ClusterUnit unit(const Arguments& arguments) const {
        return cluster_unit_of<Config>(arguments, turn);
    }
    CHELA_DEVICE void advance() { ++turn; }
};

} // namespace chela
