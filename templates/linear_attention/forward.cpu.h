#pragma once
// Linear attention forward on the CPU. One block computes a piece of one head's sequence, chunk by chunk:
//     O = scale · [ (Q Kᵀ ∘ mask) V + Q S ],    S += Kᵀ V
// with the decay of chela.md in the mask and before S, and each row over its denominator where it is
// normalised.
// K (transposed), V, Q, the scores Q Kᵀ and the state S are fp32 matrices in scratch memory, sized to stay in
// the second-level cache. The products over value columns go panel by panel, so that the panels of S and V
// are read from the first-level cache.

#include "linear_attention/chunk.cpu.h"
#include "prelude/cpu/prefetch.h"
#include "prelude/cpu/transpose.h"

namespace chela {

/// The scratch matrices, one after the other.
template <class Config>
struct ForwardScratch {
    static constexpr int token_rows = round_up(Config::chunk, Config::tile_rows);
    static constexpr int state_rows = round_up(Config::head_dim, Config::tile_rows);
    Matrix<state_rows, Config::value_dim> state;
    Matrix<token_rows, Config::head_dim> queries;
    Matrix<token_rows, Config::value_dim> outputs;
    //@if causal
    Matrix<state_rows, Config::chunk> keys; ///< Kᵀ
    Matrix<Config::chunk, Config::value_dim> values;
    Matrix<token_rows, Config::chunk> scores;
    //@end
    //@if decay != none
    ChunkDecay<Config> decay;
    //@end
    //@if normalize
    Matrix<1, Config::head_dim> normalizer; ///< z
    Matrix<1, token_rows> factors;          ///< of each row: scale over its denominator
    //@end

    explicit ForwardScratch(void* memory) {
        auto* next = static_cast<float*>(memory);
        const auto place = [&next](auto& matrix) {
            matrix.data = next;
            next += matrix.elements;
        };
        place(state);
        place(queries);
        place(outputs);
        //@if causal
        place(keys);
        place(values);
        place(scores);
        //@end
        //@if decay != none
        place(decay.log);
        place(decay.from_start);
        //@end
        //@if normalize
        place(normalizer);
        place(factors);
        //@end
    }
};

//@if causal
/// scores = Q Kᵀ with zeros above the diagonal, in the tiles that hold an element on or below it.
template <class Config>
CHELA_INLINE void masked_scores(const ForwardScratch<Config>& scratch, int tokens) {
    constexpr int rows = Config::tile_rows;
    const auto compute_tile = [&](auto width, int row, int column) {
        Tile<rows, width.value> tile;
        tile.clear();
        tile.multiply_add(scratch.queries.at(row, 0), scratch.queries.stride, scratch.keys.at(0, column),
                          scratch.keys.stride, Config::head_dim);
        //@if decay != none
        for (int vector = 0; vector < width.value; ++vector) {
            const Vector before = load(scratch.decay.log.data + column + vector * lanes);
            for (int i = 0; i < rows && row + i < tokens; ++i)
                tile.sum[i][vector] *= exp2(broadcast(scratch.decay.log.data[row + i]) - before);
        }
        //@end
        if (column + width.value * lanes - 1 > row)
            for (int i = 0; i < rows; ++i)
                for (int vector = 0; vector < width.value; ++vector) {
                    const IntVector key = lane_index() + (column + vector * lanes);
                    tile.sum[i][vector] = key <= row + i ? tile.sum[i][vector] : broadcast(0.0f);
                }
        tile.store_to(scratch.scores.at(row, column), scratch.scores.stride);
    };
    constexpr int widest = Config::tile_vectors * lanes;
    for (int first = 0; first < tokens; first += widest)
        for (int row = first / rows * rows; row < tokens; row += rows) {
            const int last_row = row + rows < tokens ? row + rows : tokens;
            int column = first;
            if (last_row > first + widest - lanes)
                compute_tile(Width<Config::tile_vectors>{}, row, column);
            else
                for (; column < last_row; column += lanes) compute_tile(Width<1>{}, row, column);
        }
}
//@end

//@if normalize
/// factors = scale / (scale · (scores · 1 + Q z) + epsilon).
template <class Config>
CHELA_INLINE void row_factors(const ForwardScratch<Config>& scratch, float scale, float epsilon, int tokens) {
    for (int row = 0; row < tokens; ++row) {
        const float* query = scratch.queries.at(row, 0);
        float sum = 0;
        for (int d = 0; d < Config::head_dim; ++d) sum += query[d] * scratch.normalizer.data[d];
        //@if decay != none
        sum *= scratch.decay.from_start.data[row];
        //@end
        //@if causal
        const float* scores = scratch.scores.at(row, 0);
        for (int t = 0; t <= row; ++t) sum += scores[t];
        //@end
        scratch.factors.data[row] = scale / (scale * sum + epsilon);
    }
}
//@end

/// outputs[:, panel] = scale · (scores V + Q S)[:, panel] for the panel of `vectors` vectors at `column`.
/// `upcoming.step()` is called once per tile.
template <int vectors, class Config, class Upcoming>
CHELA_INLINE void output_panel(const ForwardScratch<Config>& scratch, float scale, int column, int tokens,
                               Upcoming& upcoming) {
    constexpr int rows = Config::tile_rows;
    for (int row = 0; row < tokens; row += rows) {
        upcoming.step();
        Tile<rows, vectors> tile;
        tile.clear();
        tile.multiply_add(scratch.queries.at(row, 0), scratch.queries.stride, scratch.state.at(0, column),
                          scratch.state.stride, Config::head_dim);
        //@if decay != none
        tile.scale_rows(scratch.decay.from_start.data + row);
        //@end
        //@if causal
        if constexpr (Config::causal)
            tile.multiply_add(scratch.scores.at(row, 0), scratch.scores.stride, scratch.values.at(0, column),
                              scratch.values.stride, row + rows < tokens ? row + rows : tokens);
        //@end
        //@if normalize
        tile.scale_rows(scratch.factors.data + row);
        //@else
        tile.scale(scale);
        //@end
        tile.store_to(scratch.outputs.at(row, column), scratch.outputs.stride);
    }
}

template <class Config, class Arguments>
void linear_attention_forward_body(const Arguments& arguments, long long block, void* memory) {
    constexpr int chunk = Config::chunk;
    constexpr int head_dim = Config::head_dim;
    constexpr int value_dim = Config::value_dim;
    constexpr int tiles = count_tiles<Config>(chunk, value_dim) +
                          (Config::causal ? count_tiles<Config>(head_dim, value_dim) : 0);
    const Piece piece = piece_of_block<Config, Config::segments>(arguments, block);
    const auto q = token_rows(arguments.q, arguments.q_stride, piece);
    const auto o = token_rows(arguments.o, arguments.o_stride, piece);
    //@if causal
    const auto k = token_rows(arguments.k, arguments.k_stride, piece);
    const auto v = token_rows(arguments.v, arguments.v_stride, piece);
    //@end

    ForwardScratch<Config> scratch(memory);
    if constexpr (Config::reads_workspace) {
        const long long first_block = block - piece.segment;
        const float* const record = static_cast<const float*>(arguments.workspace) +
                                    (Config::causal ? block : first_block) * Config::record_elements;
        pack_rows<value_dim>(scratch.state, record, value_dim, head_dim);
        //@if normalize
        pack_rows<head_dim>(scratch.normalizer, record + Config::record_normalizer, 0, 1);
        //@end
    } else if (arguments.initial_state) {
        const auto initial = state_rows(arguments.initial_state, arguments.initial_state_stride, piece);
        pack_rows<value_dim>(scratch.state, initial[0], initial.stride, head_dim);
    } else {
        fill_zero(scratch.state, 0, head_dim);
    }
    //@if normalize
    if constexpr (!Config::reads_workspace) {
        if (arguments.initial_normalizer)
            pack_rows<head_dim>(
                scratch.normalizer,
                normalizer_row(arguments.initial_normalizer, arguments.initial_normalizer_stride, piece), 0,
                1);
        else
            fill_zero(scratch.normalizer, 0, 1);
    }
    //@end
    //@if decay != none
    scratch.decay.begin(arguments, piece);
    //@end
    //@if causal
    // Rows that fill up the last tile of the state: their sums are never read.
    fill_zero(scratch.state, head_dim, scratch.state_rows);
    fill_zero(scratch.keys, head_dim, scratch.state_rows);
    //@end

    const auto fetch = [&](long long token) {
        prefetch_row<head_dim>(q[token]);
        prefetch_row<value_dim, true>(o[token]);
        //@if causal
        prefetch_row<head_dim>(k[token]);
        prefetch_row<value_dim>(v[token]);
        //@end
    };
    for (long long token = piece.begin; token < piece.end; token += chunk) {
        const int tokens = piece.end - token < chunk ? int(piece.end - token) : chunk;
        pack_rows<head_dim>(scratch.queries, q[token], q.stride, tokens, FeatureMap{});
        //@if decay != none
        scratch.decay.read(arguments, piece, token, tokens);
        //@end
        //@if causal
        if constexpr (Config::causal) {
            pack_transposed<head_dim>(scratch.keys, k[token], k.stride, tokens, FeatureMap{});
            pack_rows<value_dim>(scratch.values, v[token], v.stride, tokens);
            masked_scores(scratch, tokens);
        }
        //@end
        //@if normalize
        row_factors(scratch, arguments.scale, arguments.epsilon, tokens);
        //@end
        //@if decay != none
        scratch.decay.to_end(scratch.keys, head_dim, tokens); // the scores are done with them
        const Scaled kept{scratch.decay.left()};
        //@elif causal
        const Kept kept;
        //@end
        auto upcoming = next_chunk<chunk, tiles>(token, piece.end, fetch);
        for_each_panel<value_dim, Config::tile_vectors>([&](auto width, int column) {
            output_panel<width.value>(scratch, arguments.scale, column, tokens, upcoming);
            //@if causal
            if constexpr (Config::causal)
                add_product<Config::tile_rows, width.value, scratch.state_rows>(
                    scratch.state, scratch.keys, scratch.values, column, tokens, upcoming, kept);
            //@end
        });
        //@if normalize
        //@if causal
        add_keys(scratch.normalizer.data, kept.factor, scratch.keys, head_dim, tokens);
        //@end
        //@end
        unpack_rows<value_dim>(o[token], o.stride, scratch.outputs, tokens);
    }
    //@if causal
    if constexpr (Config::causal && !Config::reads_workspace)
        if (arguments.final_state) {
            const auto final_rows = state_rows(arguments.final_state, arguments.final_state_stride, piece);
            unpack_rows<value_dim>(final_rows[0], final_rows.stride, scratch.state, head_dim);
        }
    //@if normalize
    if constexpr (Config::causal && !Config::reads_workspace)
        if (arguments.final_normalizer)
            unpack_rows<head_dim>(
                normalizer_row(arguments.final_normalizer, arguments.final_normalizer_stride, piece), 0,
                scratch.normalizer, 1);
    //@end
    //@end
}

} // namespace chela
