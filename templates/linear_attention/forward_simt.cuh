#pragma once
// Linear attention, forward, in fp32 on CUDA cores: no product is rounded to a shorter type.
//
// One block walks the chunks of one piece of one head, for one tile of the value dimension, with the state in
// shared memory:
//     scores = Q Kᵀ ∘ mask,    O = scale · (scores V + Q S),    S += Kᵀ V

#include "linear_attention/state_simt.cuh"
#include "linear_attention/tiles.cuh"
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_forward_body(const Arguments& arguments) {
    const Place place = place_of_block<Config>(arguments);
    const int piece = piece_length<Config>(arguments.length);
    const int begin = place.piece * piece;
    const int end = begin + piece < arguments.length ? begin + piece : arguments.length;
    const int first_value = place.value_tile * Config::value_tile;

    float* const state = reinterpret_cast<float*>(dynamic_shared());
    float* const query = state + Config::query_offset;
    //@if causal
    float* const key = state + Config::key_offset;
    float* const value = state + Config::value_offset;
    float* const scores = state + Config::scores_offset;
    constexpr int scores_pitch = Config::chunk + 4;
    //@end

    //@if reads_workspace
    load_state<Config>(state, workspace_state<Config>(arguments, place, Config::causal ? place.piece : 0),
                       Config::value_dim, first_value);
    //@else
    load_state<Config>(state,
                       arguments.initial_state
                           ? arguments.initial_state + place.batch * arguments.initial_state_stride[0] +
                                 place.head * arguments.initial_state_stride[1]
                           : nullptr,
                       arguments.initial_state_stride[2], first_value);
    //@end

    for (int token = begin; token < end; token += Config::chunk) {
        sync_threads(); // everyone is done with the chunk before
        load_tile<float, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
                  Config::threads>(query,
                                   arguments.q + place.batch * arguments.q_stride[0] +
                                       token * arguments.q_stride[1] + place.head * arguments.q_stride[2],
                                   arguments.q_stride[1], end - token, Config::head_dim);
        //@if causal
        load_tile<float, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
                  Config::threads>(key,
                                   arguments.k + place.batch * arguments.k_stride[0] +
                                       token * arguments.k_stride[1] + place.head * arguments.k_stride[2],
                                   arguments.k_stride[1], end - token, Config::head_dim);
        load_tile<float, Config::chunk, Config::value_tile, Config::value_pitch, Config::alignment,
                  Config::threads>(value,
                                   arguments.v + place.batch * arguments.v_stride[0] +
                                       token * arguments.v_stride[1] + place.head * arguments.v_stride[2] +
                                       first_value,
                                   arguments.v_stride[1], end - token, Config::value_dim - first_value);
        //@end
        cp_async_commit();
        cp_async_wait<0>();
        sync_threads();

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
                        scores[(row + i) * scores_pitch + earlier] = earlier <= row + i ? c[i][j] : 0.0f;
                    }
            });
        sync_threads();
        //@end

        for_micro_tiles<Config::chunk, Config::value_tile, Config::threads>(
            [=](float(&c)[4][4], int row, int column) {
                multiply<Config::value_tile, Config::value_tile>(
                    c, [=](int r, int d) { return query[r * Config::head_pitch + d]; }, state, row, column,
                    Config::padded_head_dim);
                //@if causal
                // Scores end at the diagonal: row + 4 is the first token that none of the four rows sees.
                multiply<Config::value_tile, Config::value_pitch>(
                    c, [=](int r, int s) { return scores[r * scores_pitch + s]; }, value, row, column,
                    row + 4);
                //@end
            },
            [=](const float(&c)[4][4], int row, int column) {
#pragma unroll
                for (int i = 0; i < 4; ++i)
#pragma unroll
                    for (int j = 0; j < 4; ++j) {
                        const int e = first_value + column + j * (Config::value_tile / 4);
                        if (token + row + i < end && e < Config::value_dim)
                            arguments.o[place.batch * arguments.o_stride[0] +
                                        (token + row + i) * arguments.o_stride[1] +
                                        place.head * arguments.o_stride[2] + e] = arguments.scale * c[i][j];
                    }
            });
        //@if causal
        sync_threads(); // the outputs of this chunk read the state from before it
        update_state<Config>(state, key, value);
        //@end
    }

    //@if !reads_workspace
    sync_threads();
    if (arguments.final_state)
        store_state<Config>(state,
                            arguments.final_state + place.batch * arguments.final_state_stride[0] +
                                place.head * arguments.final_state_stride[1],
                            arguments.final_state_stride[2], first_value);
    //@end
}

} // namespace chela
