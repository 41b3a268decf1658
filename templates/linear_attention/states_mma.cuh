#pragma once
// First of the three launches of a split sequence, on tensor cores: each block sums kᵀ v over one piece of
// one head, for one tile of the value dimension, into the workspace.

#include "linear_attention/state_mma.cuh"
#include "linear_attention/tiles.cuh"
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_states_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int threads = Config::warps * 32;
    const Place place = place_of_block<Config>(arguments);
    const int piece = piece_length<Config>(arguments.length);
    const int begin = place.piece * piece;
    const int end = begin + piece < arguments.length ? begin + piece : arguments.length;
    const int first_row = warp_index() * Config::rows_per_warp;
    const int first_value = place.value_tile * Config::value_tile;

    Element* const stages = reinterpret_cast<Element*>(dynamic_shared());
    const Element* const key =
        arguments.k + place.batch * arguments.k_stride[0] + place.head * arguments.k_stride[2];
    const Element* const value =
        arguments.v + place.batch * arguments.v_stride[0] + place.head * arguments.v_stride[2] + first_value;
    const auto load = [&](int slot, int token) {
        Element* const stage = stages + slot * Config::stage_elements;
        load_tile<Element, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
                  threads>(stage, key + token * arguments.k_stride[1], arguments.k_stride[1], end - token,
                           Config::head_dim);
        load_tile<Element, Config::chunk, Config::value_tile, Config::value_pitch, Config::alignment,
                  threads>(stage + Config::value_offset, value + token * arguments.v_stride[1],
                           arguments.v_stride[1], end - token, Config::value_dim - first_value);
    };

    WarpState<Config> state;
    state.clear();
#pragma unroll
    for (int stage = 0; stage < Config::stages - 1; ++stage) {
        if (begin + stage * Config::chunk < end) load(stage, begin + stage * Config::chunk);
        cp_async_commit();
    }
    int slot = 0;
    for (int token = begin; token < end; token += Config::chunk) {
        if constexpr (Config::stages > 1) cp_async_wait<Config::stages - 2>();
        sync_threads(); // the chunk has landed, and everyone is done with the one before
        const int ahead = token + (Config::stages - 1) * Config::chunk;
        if (ahead < end) load(slot == 0 ? Config::stages - 1 : slot - 1, ahead);
        cp_async_commit();
        if constexpr (Config::stages == 1) {
            cp_async_wait<0>();
            sync_threads();
        }
        const Element* const stage = stages + slot * Config::stage_elements;
        state.update(stage, stage + Config::value_offset + first_row);
        slot = slot + 1 == Config::stages ? 0 : slot + 1;
    }
    cp_async_wait<0>();
    state.store(workspace_state<Config>(arguments, place, place.piece), Config::value_dim,
                first_value + first_row);
}

} // namespace chela
