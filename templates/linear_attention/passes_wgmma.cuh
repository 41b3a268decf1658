#pragma once
// The two passes that a state of a whole piece separates, on wgmma: over k and v, which sums the state up,
// and over q, which multiplies by it. States of a split sequence are the first alone; attention that is not
// causal is both, or the second alone where the workspace has the state.
//
// One warpgroup copies into a ring of stages; each other owns 64 rows of the value dimension.

#include "linear_attention/copying_wgmma.cuh"
#include "linear_attention/mapped_wgmma.cuh"
#include "linear_attention/output_wgmma.cuh"
#include "linear_attention/panels.cuh"
#include "linear_attention/records_wgmma.cuh"
#include "linear_attention/rings_wgmma.cuh"
#include "linear_attention/state_wgmma.cuh"
#include "linear_attention/sums_wgmma.cuh"
#include "linear_attention/work_wgmma.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void copy_passes(const Arguments& arguments, unsigned char* shared, StageRing<Config>& ring) {
    Filler<Config> filler{ring, shared};
    if (filler.thread >= Config::copying_threads) return;
    for (Work<Config> work; work.left(arguments); work.advance()) {
        const Unit unit = work.unit(arguments);
        //@if sums_state
        copy_backwards(arguments, shared, filler, unit);
        //@end
        //@if writes_outputs
        for (int token = unit.begin; token < unit.end; token += Config::chunk) {
            load_query(filler, filler.next(filler.key_bytes), arguments, unit, token);
            filler.landing();
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
    /// Waits for the chunk of q or of k; the slot of its stage.
    const auto next = [&]([[maybe_unused]] int valid_rows) {
        barrier_wait(&ring.full[cursor.slot], cursor.phase);
        //@if feature_map != identity
        constexpr int threads = 128 * Config::output_groups;
        map_panels<Config, threads>(shared + cursor.slot * Config::stage_bytes, valid_rows,
                                    thread_index() - 128);
        //@end
        fence_proxy_async(); // what was written otherwise, for wgmma
        //@if feature_map != identity
        named_barrier_sync(15, threads);
        //@end
        return cursor.slot;
    };
    const auto done = [&] {
        barrier_arrive(&ring.empty[cursor.slot]);
        cursor.advance();
    };
    for (Work<Config> work; work.left(arguments); work.advance()) {
        const Unit unit = work.unit(arguments);
        const int first_value = unit.value_tile * Config::value_tile + group * 64;
        State state;
        //@if writes_outputs
        load_state(state, arguments, unit, first_value, Config::segments);
        //@else
        state.clear();
        //@end
        //@if sums_state
        [[maybe_unused]] const float log2_decay = sum_backwards(
            state, arguments, shared, unit, group, [&](int token) { return next(unit.end - token); }, done);
        //@end
        //@if !writes_outputs
        store_record(state, arguments, unit, first_value, log2_decay);
        //@else
        if (unit.piece == 0) store_final_state(state, arguments, unit, first_value);
        unsigned char* const staging = shared + Config::outputs_offset + group * (Config::chunk * 128);
        for (int token = unit.begin; token < unit.end; token += Config::chunk) {
            float out[Config::chunk / 2] = {};
            state.multiply(out, shared + next(unit.end - token) * Config::stage_bytes);
            wgmma_wait<0>();
            wgmma_pin(out);
            done();
            store_outputs<Config>(arguments, unit, token, first_value, out, arguments.scale, staging, group);
        }
        //@end
    }
    //@if writes_outputs
    //@if tma == both
    finish_outputs();
    //@end
    //@end
}

template <class Config, class Arguments>
CHELA_DEVICE void run_passes(const Arguments& arguments) {
    unsigned char* const shared = dynamic_shared();
    StageRing<Config>& ring = *reinterpret_cast<StageRing<Config>*>(shared + Config::barriers_offset);
    if (thread_index() == 0) {
        ring.init(128 * Config::output_groups);
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
