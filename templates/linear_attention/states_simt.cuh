#pragma once
// First of the three launches of a split sequence, in fp32 on CUDA cores: each block sums kᵀ v over one piece
// of one head, for one tile of the value dimension, into the workspace;
// and, where there are any, the sum of k and the logarithm of what is left of a state after the piece.

#include "linear_attention/prepare_simt.cuh"
#include "linear_attention/state_simt.cuh"
#include "linear_attention/tiles.cuh"
#include "linear_attention/units.cuh"
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_states_body(const Arguments& arguments) {
    const Unit unit = unit_of<Config>(arguments, block_index());
    const int first_value = unit.value_tile * Config::value_tile;

    float* const state = reinterpret_cast<float*>(dynamic_shared());
    float* const key = state + Config::key_offset;
    float* const value = state + Config::value_offset;
    const float* const keys = unit_row<Config>(arguments.k, arguments.k_stride, unit);
    const float* const values = unit_row<Config>(arguments.v, arguments.v_stride, unit) + first_value;
    load_state<Config>(state, nullptr, 0, first_value);
    //@if decay != none
    const BlockDecay<Config> decay(dynamic_shared());
    float log_left = 0.0f;
    //@end
    //@if normalize
    const BlockNormalizer<Config> normalizer(dynamic_shared());
    normalizer.load(nullptr);
    //@end
    for (int token = unit.begin; token < unit.end; token += Config::chunk) {
        const long long first = token - unit.begin;
        sync_threads(); // everyone is done with the chunk before
        load_tile<float, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
                  Config::threads>(key, keys + first * arguments.k_stride[1], arguments.k_stride[1],
                                   unit.end - token, Config::head_dim);
        load_tile<float, Config::chunk, Config::value_tile, Config::value_pitch, Config::alignment,
                  Config::threads>(value, values + first * arguments.v_stride[1], arguments.v_stride[1],
                                   unit.end - token, Config::value_dim - first_value);
        //@if decay == scalar
        decay.load(0, arguments, unit, token);
        //@end
        cp_async_commit();
        cp_async_wait<0>();
        sync_threads();
        //@if feature_map != identity
        map_tile<Config>(key, unit.end - token);
        //@end
        //@if decay != none
        decay.prepare(0, arguments, unit, token);
        sync_threads();
        update_state<Config>(state, key, value, decay.kept(), decay.to_end);
        log_left += decay.total();
        //@else
        //@if feature_map != identity
        sync_threads();
        //@end
        update_state<Config>(state, key, value);
        //@end
        //@if normalize
        //@if decay != none
        normalizer.add(key, decay.kept(), decay.to_end);
        //@else
        normalizer.add(key, 1.0f, nullptr);
        //@end
        //@end
    }
    sync_threads();
    float* const record = unit_state<Config>(arguments, unit, unit.piece);
    store_state<Config>(state, record, Config::value_dim, first_value);
    //@if normalize
    if (unit.value_tile == 0) normalizer.store(record + Config::record_normalizer);
    //@end
    //@if decay != none
    if (unit.value_tile == 0 && thread_index() == 0)
        record[Config::record_decay] = log_left * 0.693147181f; // ln(2)
    //@end
}

} // namespace chela
