#pragma once
// First of the three launches of a split sequence, on tensor cores: each block sums kᵀ v over one piece of
// one head, for one tile of the value dimension, into the workspace;
// and, where there are any, the sum of k and the logarithm of what is left of a state after the piece.

#include "linear_attention/prepare_mma.cuh"
#include "linear_attention/state_mma.cuh"
#include "linear_attention/tiles.cuh"
#include "linear_attention/units.cuh"
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_states_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int threads = Config::warps * 32;
    const Unit unit = unit_of<Config>(arguments, block_index());
    const int first_row = warp_index() * Config::rows_per_warp;
    const int first_value = unit.value_tile * Config::value_tile;

    Element* const stages = reinterpret_cast<Element*>(dynamic_shared());
    const Element* const key = unit_row<Config>(arguments.k, arguments.k_stride, unit);
    const Element* const value = unit_row<Config>(arguments.v, arguments.v_stride, unit) + first_value;
    //@if decay != none
    const BlockDecay<Config> decay(dynamic_shared());
    float log_left = 0.0f;
    //@end
    //@if normalize
    const BlockNormalizer<Config> normalizer(dynamic_shared());
    normalizer.load(nullptr);
    //@end
    const auto load = [&](int slot, int token) {
        Element* const stage = stages + slot * Config::stage_elements;
        const long long row = token - unit.begin;
        load_tile<Element, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
                  threads>(stage, key + row * arguments.k_stride[1], arguments.k_stride[1], unit.end - token,
                           Config::head_dim);
        load_tile<Element, Config::chunk, Config::value_tile, Config::value_pitch, Config::alignment,
                  threads>(stage + Config::value_offset, value + row * arguments.v_stride[1],
                           arguments.v_stride[1], unit.end - token, Config::value_dim - first_value);
        //@if decay == scalar
        decay.load(slot, arguments, unit, token);
        //@end
    };

    WarpState<Config> state;
    state.clear();
#pragma unroll
    for (int stage = 0; stage < Config::stages - 1; ++stage) {
        if (unit.begin + stage * Config::chunk < unit.end) load(stage, unit.begin + stage * Config::chunk);
        cp_async_commit();
    }
    int slot = 0;
    for (int token = unit.begin; token < unit.end; token += Config::chunk) {
        if constexpr (Config::stages > 1) cp_async_wait<Config::stages - 2>();
        sync_threads(); // the chunk has landed, and everyone is done with the one before
        const int ahead = token + (Config::stages - 1) * Config::chunk;
        if (ahead < unit.end) load(slot == 0 ? Config::stages - 1 : slot - 1, ahead);
        cp_async_commit();
        if constexpr (Config::stages == 1) {
            cp_async_wait<0>();
            sync_threads();
        }
        Element* const stage = stages + slot * Config::stage_elements;
        //@if feature_map != identity
        map_tile<Config>(stage, unit.end - token);
        //@end
        //@if decay != none
        decay.prepare(slot, arguments, unit, token);
        sync_threads();
        state.scale(decay.kept());
        state.update(stage, stage + Config::value_offset + first_row, decay.to_end);
        log_left += decay.total();
        //@else
        //@if feature_map != identity
        sync_threads();
        //@end
        state.update(stage, stage + Config::value_offset + first_row);
        //@end
        //@if normalize
        //@if decay != none
        normalizer.add(stage, decay.kept(), decay.to_end);
        //@else
        normalizer.add(stage, 1.0f, nullptr);
        //@end
        //@end
        slot = slot + 1 == Config::stages ? 0 : slot + 1;
    }
    cp_async_wait<0>();
    float* const record = unit_state<Config>(arguments, unit, unit.piece);
    state.store(record, Config::value_dim, first_value + first_row);
    //@if normalize
    sync_threads();
    if (unit.value_tile == 0) normalizer.store(record + Config::record_normalizer);
    //@end
    //@if decay != none
    if (unit.value_tile == 0 && thread_index() == 0)
        record[Config::record_decay] = log_left * 0.693147181f; // ln(2)
    //@end
}

} // namespace chela
