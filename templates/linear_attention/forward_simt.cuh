#pragma once
// Linear attention, forward, in fp32 on CUDA cores: no product is rounded to a shorter type.
//
// One block walks the chunks of one piece of one head, for one tile of the value dimension, with the state in
// shared memory:
//     scores = Q Kᵀ ∘ mask,    O = scale · (scores V + Q S),    S += Kᵀ V
// with the decay of chela.md in the mask, on Q and on K, and each token over its denominator where it is
// normalised.

#include "linear_attention/prepare_simt.cuh"
#include "linear_attention/state_simt.cuh"
#include "linear_attention/tiles.cuh"
#include "linear_attention/units.cuh"
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_forward_body(const Arguments& arguments) {
    const Unit unit = unit_of<Config>(arguments, block_index());
    const int first_value = unit.value_tile * Config::value_tile;

    float* const state = reinterpret_cast<float*>(dynamic_shared());
    float* const query = state + Config::query_offset;
    //@if causal
    float* const key = state + Config::key_offset;
    float* const value = state + Config::value_offset;
    float* const scores = state + Config::scores_offset;
    constexpr int scores_pitch = Config::chunk + 4;
    //@end

    const float* const queries = unit_row<Config>(arguments.q, arguments.q_stride, unit);
    float* const outputs = unit_row<Config>(arguments.o, arguments.o_stride, unit) + first_value;
    //@if causal
    const float* const keys = unit_row<Config>(arguments.k, arguments.k_stride, unit);
    const float* const values = unit_row<Config>(arguments.v, arguments.v_stride, unit) + first_value;
    //@end
    //@if decay != none
    const BlockDecay<Config> decay(dynamic_shared());
    //@end
    //@if normalize
    const BlockNormalizer<Config> normalizer(dynamic_shared());
    //@end

    //@if reads_workspace
    const float* const record = unit_state<Config>(arguments, unit, Config::causal ? unit.piece : 0);
    load_state<Config>(state, record, Config::value_dim, first_value);
    //@if normalize
    normalizer.load(record + Config::record_normalizer);
    //@end
    //@else
    load_state<Config>(state,
                       arguments.initial_state
                           ? arguments.initial_state + unit.batch * arguments.initial_state_stride[0] +
                                 unit.head * arguments.initial_state_stride[1]
                           : nullptr,
                       arguments.initial_state_stride[2], first_value);
    //@if normalize
    normalizer.load(arguments.initial_normalizer
                        ? arguments.initial_normalizer + unit.batch * arguments.initial_normalizer_stride[0] +
                              unit.head * arguments.initial_normalizer_stride[1]
                        : nullptr);
    //@end
    //@end

    for (int token = unit.begin; token < unit.end; token += Config::chunk) {
        const long long first = token - unit.begin;
        const int left = unit.end - token;
        sync_threads(); // everyone is done with the chunk before
        load_tile<float, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
                  Config::threads>(query, queries + first * arguments.q_stride[1], arguments.q_stride[1],
                                   left, Config::head_dim);
        //@if causal
        load_tile<float, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
                  Config::threads>(key, keys + first * arguments.k_stride[1], arguments.k_stride[1], left,
                                   Config::head_dim);
        load_tile<float, Config::chunk, Config::value_tile, Config::value_pitch, Config::alignment,
                  Config::threads>(value, values + first * arguments.v_stride[1], arguments.v_stride[1], left,
                                   Config::value_dim - first_value);
        //@end
        //@if decay == scalar
        decay.load(0, arguments, unit, token);
        //@end
        cp_async_commit();
        cp_async_wait<0>();
        sync_threads();
        //@if feature_map != identity
        map_tile<Config>(query, left);
        //@if causal
        map_tile<Config>(key, left);
        //@end
        //@end
        //@if decay != none
        decay.prepare(0, arguments, unit, token);
        sync_threads();
        //@elif feature_map != identity
        sync_threads();
        //@end
        //@if normalize
        normalizer.multiply(query);
        //@end

        //@if causal
        for_micro_tiles<Config::chunk, Config::chunk, Config::threads>(
            [=](float(&c)[4][4], int row, int column) {
                multiply_transposed<Config::chunk, Config::padded_head_dim, Config::head_pitch>(c, query, key,
                                                                                                row, column);
            },
            [=](const float(&c)[4][4], int row, int column) {
#pragma unroll
                for (int i = 0; i < 4; ++i)
#pragma unroll
                    for (int j = 0; j < 4; ++j) {
                        const int earlier = column + j * (Config::chunk / 4);
                        float score = c[i][j];
                        //@if decay != none
                        score *= exp2_approx(minimum(decay.log[row + i] - decay.log[earlier], 0.0f));
                        //@end
                        scores[(row + i) * scores_pitch + earlier] = earlier <= row + i ? score : 0.0f;
                    }
            });
        sync_threads();
        //@if normalize
        sum_scores(normalizer, scores, scores_pitch);
        sync_threads();
        //@end
        //@elif normalize
        sync_threads();
        //@end

        for_micro_tiles<Config::chunk, Config::value_tile, Config::threads>(
            [=](float(&c)[4][4], int row, int column) {
                multiply<Config::value_tile, Config::value_tile>(
                    c, [=](int r, int d) { return query[r * Config::head_pitch + d]; }, state, row, column,
                    Config::padded_head_dim);
            //@if decay != none
#pragma unroll
                for (int i = 0; i < 4; ++i)
#pragma unroll
                    for (int j = 0; j < 4; ++j) c[i][j] *= decay.from_start[row + i];
                //@end
                //@if causal
                // Scores end at the diagonal: row + 4 is the first token that none of the four rows sees.
                multiply<Config::value_tile, Config::value_pitch>(
                    c, [=](int r, int s) { return scores[r * scores_pitch + s]; }, value, row, column,
                    row + 4);
                //@end
            },
            [=](const float(&c)[4][4], int row, int column) {
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    if (row + i >= left) continue;
                    //@if normalize
                    //@if decay != none
                    const float kept = decay.from_start[row + i];
                    //@else
                    constexpr float kept = 1.0f;
                    //@end
                    const float factor = normalizer.factor(row + i, kept, arguments.scale, arguments.epsilon);
                    //@else
                    const float factor = arguments.scale;
                //@end
#pragma unroll
                    for (int j = 0; j < 4; ++j) {
                        const int e = column + j * (Config::value_tile / 4);
                        if (first_value + e < Config::value_dim)
                            outputs[(first + row + i) * arguments.o_stride[1] + e] = factor * c[i][j];
                    }
                }
            });
        //@if causal
        sync_threads(); // the outputs of this chunk read the state from before it
        //@if decay != none
        update_state<Config>(state, key, value, decay.kept(), decay.to_end);
        //@else
        update_state<Config>(state, key, value);
        //@end
        //@if normalize
        //@if decay != none
        normalizer.add(key, decay.kept(), decay.to_end);
        //@else
        normalizer.add(key, 1.0f, nullptr);
        //@end
        //@end
        //@end
    }

    //@if !reads_workspace
    sync_threads();
    if (arguments.final_state)
        store_state<Config>(state,
                            arguments.final_state + unit.batch * arguments.final_state_stride[0] +
                                unit.head * arguments.final_state_stride[1],
                            arguments.final_state_stride[2], first_value);
    //@if normalize
    if (arguments.final_normalizer && unit.value_tile == 0)
        normalizer.store(arguments.final_normalizer + unit.batch * arguments.final_normalizer_stride[0] +
                         unit.head * arguments.final_normalizer_stride[1]);
    //@end
    //@end
}

} // namespace chela
