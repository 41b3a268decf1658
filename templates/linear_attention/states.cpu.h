#pragma once
// The sum of kᵀv over each piece of the sequence, from which a piece starts without computing the earlier
// ones.

#include "prelude/cpu/prefetch.h"
#include "prelude/cpu/sequence.h"
#include "prelude/cpu/tile.h"
#include "prelude/cpu/transpose.h"

namespace chela {

/// workspace[batch, head, segment] = Kᵀ V of the piece, fp32 [head_dim, value_dim].
template <class Config, class Arguments>
void linear_attention_states_body(const Arguments& arguments, long long block, void* memory) {
    constexpr int chunk = Config::chunk;
    constexpr int head_dim = Config::head_dim;
    constexpr int value_dim = Config::value_dim;
    constexpr int rows = round_up(head_dim, Config::tile_rows);
    constexpr int tiles = count_tiles<Config>(head_dim, value_dim);
    const Piece piece = sequence_piece<Config::segments, chunk>(arguments, block);
    const auto k = token_rows(arguments.k, arguments.k_stride, piece);
    const auto v = token_rows(arguments.v, arguments.v_stride, piece);

    Matrix<rows, value_dim> state{static_cast<float*>(memory)};
    Matrix<rows, chunk> keys{state.data + state.elements}; // Kᵀ
    Matrix<chunk, value_dim> values{keys.data + keys.elements};
    fill_zero(state, 0, rows);
    fill_zero(keys, head_dim, rows);

    const auto fetch = [&](long long token) {
        prefetch_row<head_dim>(k[token]);
        prefetch_row<value_dim>(v[token]);
    };
    for (long long token = piece.begin; token < piece.end; token += chunk) {
        const int tokens = piece.end - token < chunk ? int(piece.end - token) : chunk;
        pack_transposed<head_dim>(keys, k[token], k.stride, tokens);
        pack_rows<value_dim>(values, v[token], v.stride, tokens);
        auto upcoming = next_chunk<chunk, tiles>(token, piece.end, fetch);
        for_each_panel<value_dim, Config::tile_vectors>([&](auto width, int column) {
            add_product<Config::tile_rows, width.value, rows>(state, keys, values, column, tokens, upcoming);
        });
    }
    auto* sum = static_cast<float*>(arguments.workspace) + block * head_dim * value_dim;
    unpack_rows<value_dim>(sum, value_dim, state, head_dim);
}

} // namespace chela
