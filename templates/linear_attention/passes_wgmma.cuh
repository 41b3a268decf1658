#pragma once
// The two passes that a state of a whole piece separates, on wgmma: over k and v, which sums the state up,
// and over q, which multiplies by it. States of a split sequence are the first alone; attention that is not
// causal is both, or the second alone where the workspace has the state.
//
// One warpgroup copies into a ring of stages; each other owns 64 rows of the value dimension.

#include "linear_attention/output_wgmma.cuh"
#include "linear_attention/panels.cuh"
#include "linear_attention/rings_wgmma.cuh"
#include "linear_attention/state_wgmma.cuh"
#include "linear_attention/units.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void copy_passes(const Arguments& arguments, unsigned char* stages, StageRing<Config>& ring) {
    using Element = typename Config::Element;
    const int thread = thread_index() % 128;
    Cursor<Config::stages> cursor;
    const auto landed = [&] {
        if constexpr (Config::alignment >= 4)
            barrier_arrive_on_cp_async(&ring.full[cursor.slot]);
        else
            barrier_arrive(&ring.full[cursor.slot]);
        cursor.advance();
    };
    for (long long index = block_index(); index < unit_count<Config>(arguments); index += grid_blocks()) {
        const Unit unit = unit_of<Config>(arguments, index);
        //@if sums_state
        const Element* const key =
            arguments.k + unit.batch * arguments.k_stride[0] + unit.head * arguments.k_stride[2];
        const Element* const value = arguments.v + unit.batch * arguments.v_stride[0] +
                                     unit.head * arguments.v_stride[2] + unit.value_tile * Config::value_tile;
        for (int token = unit.begin; token < unit.end; token += Config::chunk) {
            unsigned char* const stage = stages + cursor.slot * Config::stage_bytes;
            barrier_wait(&ring.empty[cursor.slot], cursor.phase ^ 1u);
            load_panels<Element, Config::chunk, Config::head_columns, Config::alignment, 128>(
                stage, key + token * arguments.k_stride[1], arguments.k_stride[1], unit.end - token,
                Config::head_dim, thread);
            load_panels<Element, Config::chunk, Config::value_tile, Config::alignment, 128>(
                stage + Config::value_offset, value + token * arguments.v_stride[1], arguments.v_stride[1],
                unit.end - token, Config::value_dim - unit.value_tile * Config::value_tile, thread);
            landed();
        }
        //@end
        //@if writes_outputs
        const Element* const query =
            arguments.q + unit.batch * arguments.q_stride[0] + unit.head * arguments.q_stride[2];
        for (int token = unit.begin; token < unit.end; token += Config::chunk) {
            barrier_wait(&ring.empty[cursor.slot], cursor.phase ^ 1u);
            load_panels<Element, Config::chunk, Config::head_columns, Config::alignment, 128>(
                stages + cursor.slot * Config::stage_bytes, query + token * arguments.q_stride[1],
                arguments.q_stride[1], unit.end - token, Config::head_dim, thread);
            landed();
        }
        //@end
    }
}

template <class Config, class Arguments>
CHELA_DEVICE void compute_passes(const Arguments& arguments, unsigned char* shared, StageRing<Config>& ring) {
    using Element = typename Config::Element;
    using State = GroupState<Config>;
    const int group = warp_index() / 4 - 1;
    Cursor<Config::stages> cursor;
    const auto next = [&] {
        barrier_wait(&ring.full[cursor.slot], cursor.phase);
        fence_proxy_async(); // what cp.async wrote, for wgmma
        return shared + cursor.slot * Config::stage_bytes;
    };
    const auto done = [&] {
        wgmma_wait<0>();
        warp_arrive(&ring.empty[cursor.slot]);
        cursor.advance();
    };
    for (long long index = block_index(); index < unit_count<Config>(arguments); index += grid_blocks()) {
        const Unit unit = unit_of<Config>(arguments, index);
        const int first_value = unit.value_tile * Config::value_tile + group * 64;
        State state;
        state.clear();
        //@if reads_state
        state.load(unit_state<Config>(arguments, unit, 0), Config::value_dim, first_value);
        //@end
        //@if sums_state
        //@if writes_outputs
        if (arguments.initial_state)
            state.load(arguments.initial_state + unit.batch * arguments.initial_state_stride[0] +
                           unit.head * arguments.initial_state_stride[1],
                       arguments.initial_state_stride[2], first_value);
        //@end
        for (int token = unit.begin; token < unit.end; token += Config::chunk) {
            const unsigned char* const key = next();
            uint32 values[State::token_steps][4];
            load_values<Config>(values, key + Config::value_offset + group * (Config::chunk * 128));
            wgmma_fence();
            state.update(values, key);
            wgmma_commit();
            done();
        }
        //@if writes_outputs
        if (arguments.final_state)
            state.store(arguments.final_state + unit.batch * arguments.final_state_stride[0] +
                            unit.head * arguments.final_state_stride[1],
                        arguments.final_state_stride[2], first_value);
        //@else
        state.store(unit_state<Config>(arguments, unit, unit.piece), Config::value_dim, first_value);
        //@end
        //@end
        //@if writes_outputs
        unsigned char* const staging = shared + Config::outputs_offset + group * (Config::chunk * 128);
        Element* output = arguments.o + unit.batch * arguments.o_stride[0] +
                          unit.head * arguments.o_stride[2] + unit.begin * arguments.o_stride[1] +
                          first_value;
        for (int token = unit.begin; token < unit.end; token += Config::chunk) {
            float out[Config::chunk / 2];
            state.multiply(out, next());
            done();
            store_outputs<Config>(output, arguments.o_stride[1], out, arguments.scale, staging, group,
                                  unit.end - token, Config::value_dim - first_value);
            output += Config::chunk * arguments.o_stride[1];
        }
        //@end
    }
}

template <class Config, class Arguments>
CHELA_DEVICE void run_passes(const Arguments& arguments) {
    unsigned char* const shared = dynamic_shared();
    StageRing<Config>& ring = *reinterpret_cast<StageRing<Config>*>(shared + Config::barriers_offset);
    if (thread_index() == 0) {
        ring.init(4 * Config::output_groups);
        fence_barrier_init();
    }
    sync_threads();
    if (warp_index() < 4) {
        set_registers<Config::copy_registers, Config::launch_registers>();
        copy_passes<Config>(arguments, shared, ring);
    } else {
        set_registers<Config::output_registers, Config::launch_registers>();
        compute_passes<Config>(arguments, shared, ring);
    }
}

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_states_body(const Arguments& arguments) {
    run_passes<Config>(arguments);
}
template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_forward_body(const Arguments& arguments) {
    run_passes<Config>(arguments);
}

} // namespace chela
