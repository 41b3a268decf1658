#pragma once
// The sum of kᵀv over each piece of the sequence, from which a piece starts without computing the earlier
// ones; and, where there are any, the sum of k and how much of a state is left after the piece.

#include "linear_attention/chunk.cpu.h"
#include "prelude/cpu/prefetch.h"
#include "prelude/cpu/transpose.h"

namespace chela {

/// The record of piece `block` in the workspace: Kᵀ V, fp32 [head_dim, value_dim], and what follows it.
template <class Config, class Arguments>
void linear_attention_states_body(const Arguments& arguments, long long block, void* memory) {
    constexpr int chunk = Config::chunk;
    constexpr int head_dim = Config::head_dim;
    constexpr int value_dim = Config::value_dim;
    constexpr int rows = round_up(head_dim, Config::tile_rows);
    constexpr int tiles = count_tiles<Config>(head_dim, value_dim);
    const Piece piece = piece_of_block<Config, Config::segments>(arguments, block);
    const auto k = token_rows(arguments.k, arguments.k_stride, piece);
    const auto v = token_rows(arguments.v, arguments.v_stride, piece);

    Matrix<rows, value_dim> state{static_cast<float*>(memory)};
    Matrix<rows, chunk> keys{state.data + state.elements}; // Kᵀ
    Matrix<chunk, value_dim> values{keys.data + keys.elements};
    auto* const record = static_cast<float*>(arguments.workspace) + block * Config::record_elements;
    //@if normalize
    float* const normalizer = record + Config::record_normalizer;
    for (int d = 0; d < head_dim; ++d) normalizer[d] = 0;
    //@end
    //@if decay != none
    ChunkDecay<Config> decay{{values.data + values.elements}};
    decay.from_start.data = decay.log.data + decay.log.elements;
    decay.begin(arguments, piece);
    float total = 0; // log2 of what is left after the piece
    //@end
    fill_zero(state, 0, rows);
    fill_zero(keys, head_dim, rows);

    const auto fetch = [&](long long token) {
        prefetch_row<head_dim>(k[token]);
        prefetch_row<value_dim>(v[token]);
    };
    for (long long token = piece.begin; token < piece.end; token += chunk) {
        const int tokens = piece.end - token < chunk ? int(piece.end - token) : chunk;
        pack_transposed<head_dim>(keys, k[token], k.stride, tokens, FeatureMap{});
        pack_rows<value_dim>(values, v[token], v.stride, tokens);
        //@if decay != none
        decay.read(arguments, piece, token, tokens);
        decay.to_end(keys, head_dim, tokens);
        total += decay.total;
        const Scaled kept{decay.left()};
        //@else
        const Kept kept;
        //@end
        //@if normalize
        add_keys(normalizer, kept.factor, keys, head_dim, tokens);
        //@end
        auto upcoming = next_chunk<chunk, tiles>(token, piece.end, fetch);
        for_each_panel<value_dim, Config::tile_vectors>([&](auto width, int column) {
            add_product<Config::tile_rows, width.value, rows>(state, keys, values, column, tokens, upcoming,
                                                              kept);
        });
    }
    unpack_rows<value_dim>(record, value_dim, state, head_dim);
    //@if decay != none
    record[Config::record_decay] = total;
    //@end
}

} // namespace chela
