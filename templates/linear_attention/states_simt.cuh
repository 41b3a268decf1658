#pragma once
// First of the three launches of a split sequence, in fp32 on CUDA cores: each block sums kᵀ v over one piece
// of one head, for one tile of the value dimension, into the workspace.

#include "linear_attention/state_simt.cuh"
#include "linear_attention/tiles.cuh"
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_states_body(const Arguments& arguments) {
    const Place place = place_of_block<Config>(arguments);
    const int piece = piece_length<Config>(arguments.length);
    const int begin = place.piece * piece;
    const int end = begin + piece < arguments.length ? begin + piece : arguments.length;
    const int first_value = place.value_tile * Config::value_tile;

    float* const state = reinterpret_cast<float*>(dynamic_shared());
    float* const key = state + Config::key_offset;
    float* const value = state + Config::value_offset;
    load_state<Config>(state, nullptr, 0, first_value);
    for (int token = begin; token < end; token += Config::chunk) {
        sync_threads(); // everyone is done with the chunk before
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
        cp_async_commit();
        cp_async_wait<0>();
        sync_threads();
        update_state<Config>(state, key, value);
    }
    sync_threads();
    store_state<Config>(state, workspace_state<Config>(arguments, place, place.piece), Config::value_dim,
                        first_value);
}

} // namespace chela
