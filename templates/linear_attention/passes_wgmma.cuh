#pragma once
// The two passes that a state of a whole piece separates, on wgmma: over k and v, which sums the state up,
// and over q, which multiplies by it. States of a split sequence are the first alone; attention that is not
// causal is both, or the second alone where the workspace has the state.
//
// The first goes backwards, so that what a piece begins with is still in L2 when the outputs are computed.
//
// One warpgroup copies into a ring of stages; each other owns 64 rows of the value dimension.

#include "linear_attention/copying_wgmma.cuh"
#include "linear_attention/decay_wgmma.cuh"
#include "linear_attention/gates_wgmma.cuh"
#include "linear_attention/mapped_wgmma.cuh"
#include "linear_attention/output_wgmma.cuh"
#include "linear_attention/panels.cuh"
#include "linear_attention/records_wgmma.cuh"
#include "linear_attention/rings_wgmma.cuh"
#include "linear_attention/state_wgmma.cuh"
#include "linear_attention/units.cuh"

namespace chela {

template <class Config>
CHELA_DEVICE int unit_chunks(const Unit& unit) {
    return unit.end > unit.begin ? (unit.end - unit.begin + Config::chunk - 1) / Config::chunk : 0;
}

template <class Config, class Arguments>
CHELA_DEVICE void copy_passes(const Arguments& arguments, unsigned char* shared, StageRing<Config>& ring) {
    using Element = typename Config::Element;
    constexpr int chunk = Config::chunk;
    Filler<Config> filler{ring, shared};
    for (long long index = block_index(); index < unit_count<Config>(arguments); index += grid_blocks()) {
        const Unit unit = unit_of<Config>(arguments, index);
        //@if sums_state
        const int first_value = unit.value_tile * Config::value_tile;
        const Element* const key = unit_row<Config>(arguments.k, arguments.k_stride, unit);
        const Element* const value = unit_row<Config>(arguments.v, arguments.v_stride, unit) + first_value;
        for (int chunk_index = unit_chunks<Config>(unit) - 1; chunk_index >= 0; --chunk_index) {
            const long long skipped = chunk_index * chunk;
            const int token = unit.begin + chunk_index * chunk, left = unit.end - token;
            unsigned char* const stage = filler.next();
            load_panels<Element, chunk, Config::head_columns, Config::alignment, 128>(
                stage, key + skipped * arguments.k_stride[1], arguments.k_stride[1], left, Config::head_dim,
                filler.thread);
            load_panels<Element, chunk, Config::value_tile, Config::alignment, 128>(
                stage + Config::value_offset, value + skipped * arguments.v_stride[1], arguments.v_stride[1],
                left, Config::value_dim - first_value, filler.thread);
            //@if decay == scalar
            load_gates<Config>(shared, filler.cursor.slot, arguments, unit, token, filler.thread);
            //@end
            filler.landing();
        }
        //@end
        //@if writes_outputs
        const Element* query = unit_row<Config>(arguments.q, arguments.q_stride, unit);
        for (int token = unit.begin; token < unit.end; token += chunk) {
            load_panels<Element, chunk, Config::head_columns, Config::alignment, 128>(
                filler.next(), query, arguments.q_stride[1], unit.end - token, Config::head_dim,
                filler.thread);
            filler.landing();
            query += chunk * arguments.q_stride[1];
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
    const auto next = [&](int valid_rows) {
        unsigned char* const stage = shared + cursor.slot * Config::stage_bytes;
        barrier_wait(&ring.full[cursor.slot], cursor.phase);
        //@if feature_map != identity
        constexpr int threads = 128 * Config::output_groups;
        map_panels<Config, threads>(stage, valid_rows, thread_index() - 128);
        //@end
        fence_proxy_async(); // what was written otherwise, for wgmma
        //@if feature_map != identity
        named_barrier_sync(15, threads);
        //@end
        return stage;
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
        //@if writes_outputs
        load_state(state, arguments, unit, first_value, Config::segments);
        //@else
        state.clear();
        //@end
        //@if sums_state
        //@if decay != none
        float log2_decay = 0.0f;
        //@end
        for (int chunk_index = unit_chunks<Config>(unit) - 1; chunk_index >= 0; --chunk_index) {
            const int token = unit.begin + chunk_index * Config::chunk;
            const unsigned char* const key = next(unit.end - token);
            uint32 values[State::token_steps][4];
            load_values<Config>(values, key + Config::value_offset + group * (Config::chunk * 128));
            //@if decay != none
            const ChunkDecay<Config> decay = chunk_decay<Config>(shared, cursor.slot, arguments, unit, token);
            float columns[16];
            decay.of_columns(columns);
            weigh_values<Element>(values, values, columns, log2_decay + decay.total); // with all that follows
            log2_decay += decay.total;
            //@end
            wgmma_pin(state.c);
            wgmma_fence();
            state.update(values, key);
            wgmma_commit();
            done();
            wgmma_pin(state.c);
        }
        //@end
        //@if !writes_outputs
        float* const record = unit_state<Config>(arguments, unit, unit.piece);
        store_record(record, state, first_value);
        //@if decay != none
        if (first_value == 0 && thread_index() % 128 == 0) record[Config::record_decay] = log2_decay;
        //@end
        //@else
        if (unit.piece == 0) store_final_state(state, arguments, unit, first_value);
        unsigned char* const staging = shared + Config::outputs_offset + group * (Config::chunk * 128);
        Element* output = unit_row<Config>(arguments.o, arguments.o_stride, unit) + first_value;
        for (int token = unit.begin; token < unit.end; token += Config::chunk) {
            float out[Config::chunk / 2] = {};
            state.multiply(out, next(unit.end - token));
            done();
            wgmma_pin(out);
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
    launch_next();
    run_passes<Config>(arguments);
}
template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_forward_body(const Arguments& arguments) {
    run_passes<Config>(arguments);
}

} // namespace chela
