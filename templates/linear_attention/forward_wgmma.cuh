#pragma once
// Linear attention, forward, on tensor cores of sm_90a (wgmma), in persistent blocks.
//
// Warpgroups with roles, joined by mbarriers:
//     copying      brings chunks of q, k, v into a ring of stages
//     scores       Q Kᵀ ∘ mask, into one of two buffers, after the feature map; never waits for the state
//     outputs      each owns 64 rows of the value dimension; the state Sᵀ stays in its registers:
//                  Oᵀ = Sᵀ Qᵀ + Vᵀ scoresᵀ,  then  Sᵀ += Vᵀ K  while Oᵀ leaves
// A block takes one unit of work after the other (a value tile of a piece of a head); the ring runs on across
// them.
//@if joined
// The pieces of a head are the blocks of a cluster. Each sums up its piece before it computes outputs, and
// writes that down for the others.
//@end

#include "linear_attention/copying_wgmma.cuh"
#include "linear_attention/gates_wgmma.cuh"
#include "linear_attention/output_wgmma.cuh"
#include "linear_attention/records_wgmma.cuh"
#include "linear_attention/scores_wgmma.cuh"
#include "linear_attention/state_wgmma.cuh"
//@if joined
#include "linear_attention/sums_wgmma.cuh"
//@end
#include "linear_attention/work_wgmma.cuh"

namespace chela {

template <class Config>
struct Rings : StageRing<Config> {
    Barrier scores_full[2], scores_empty[2];
    //@if joined
    Barrier records; ///< of the pieces before the one whose outputs this block computes second
    //@end

    CHELA_DEVICE void init() {
        StageRing<Config>::init(128 * (Config::output_groups + 1));
        for (int i = 0; i < 2; ++i) {
            barrier_init(&scores_full[i], 128);
            barrier_init(&scores_empty[i], 128 * Config::output_groups);
        }
        //@if joined
        const int rank = cluster_rank(), pieces_before = rank == 0 ? Config::segments - 1 : rank;
        barrier_init(&records, 4 * Config::output_groups * pieces_before);
        //@end
        fence_barrier_init();
    }
};

//@if joined
/// The calling warp's part of the block's record is written: those of the cluster that need it may go on.
template <class Config>
CHELA_DEVICE void announce_record(Rings<Config>& rings) {
    const int rank = cluster_rank(), other = lane();
    sync_warp();
    if (other < Config::segments && other != rank && (other > rank || other == 0))
        barrier_arrive_remote(&rings.records, other);
}
//@end

template <class Config, class Arguments>
CHELA_DEVICE void copy_chunks(const Arguments& arguments, unsigned char* shared, Rings<Config>& rings) {
    Filler<Config> filler{rings, shared};
    if (filler.thread >= Config::copying_threads) return;
    for (Work<Config> work; work.left(arguments); work.advance()) {
        const auto unit = work.unit(arguments);
        //@if joined
        if (unit.sums) {
            copy_backwards(arguments, shared, filler, unit);
            continue;
        }
        //@end
        for (int token = unit.begin; token < unit.end; token += Config::chunk) {
            unsigned char* const stage = filler.next(Config::stage_bytes);
            load_query(filler, stage, arguments, unit, token);
            load_key<Config, false>(filler, stage + Config::key_offset, arguments, unit, token);
            load_value<Config, false>(filler, stage + Config::value_offset, arguments, unit, token);
            //@if decay == scalar
            load_gates<Config>(shared, filler.cursor.slot, arguments, unit, token, filler.thread);
            //@end
            filler.landing();
        }
    }
}

template <class Config, class Arguments>
CHELA_DEVICE void compute_outputs(const Arguments& arguments, unsigned char* shared, Rings<Config>& rings) {
    using Element = typename Config::Element;
    using State = GroupState<Config>;
    constexpr int chunk = Config::chunk;
    const int group = warp_index() / 4 - 2;
    unsigned char* const staging = shared + Config::outputs_offset + group * (chunk * 128);
    Cursor<Config::stages> cursor;
    Cursor<2> buffer;
    //@if joined
    State state;
    //@end
    for (Work<Config> work; work.left(arguments); work.advance()) {
        const auto unit = work.unit(arguments);
        const int first_value = unit.value_tile * Config::value_tile + group * 64;
        //@if joined
        if (unit.sums) {
            state.clear();
            const float log2_decay = sum_backwards(
                state, arguments, shared, unit, group,
                [&](int) {
                    barrier_wait(&rings.scores_full[buffer.slot], buffer.phase); // nothing but the turn
                    return cursor.slot;
                },
                [&] {
                    barrier_arrive(&rings.scores_empty[buffer.slot]);
                    barrier_arrive(&rings.empty[cursor.slot]);
                    cursor.advance();
                    buffer.advance();
                });
            store_record(state, arguments, unit, first_value, log2_decay);
            announce_record(rings);
            continue;
        }
        if (unit.piece == 0) {
            load_initial_state(state, arguments, unit, first_value);
        } else { // the first block still holds what record 0 has
            barrier_wait_cluster(&rings.records, 0);
            const bool last = unit.piece == Config::segments;
            if (!last) state.clear();
            add_records(state, arguments, unit, first_value, last ? 1 : 0, unit.piece);
        }
        //@else
        State state;
        load_state(state, arguments, unit, first_value, unit.piece);
        //@end
        for (int token = unit.begin; token < unit.end; token += chunk, cursor.advance(), buffer.advance()) {
            const unsigned char* const query = shared + cursor.slot * Config::stage_bytes;
            const unsigned char* const key = query + Config::key_offset;
            const unsigned char* const value = query + Config::value_offset + group * (chunk * 128);
            const unsigned char* const scores =
                shared + Config::scores_offset + buffer.slot * Config::scores_bytes;
            barrier_wait(&rings.scores_full[buffer.slot], buffer.phase); // q, k and v are there too, then
            float out[chunk / 2] = {};
            state.multiply(out, query);
            uint32 values[State::token_steps][4];
            load_values<Config>(values, value);
            //@if decay != none
            const ChunkDecay<Config> decay = chunk_decay<Config>(shared, cursor.slot, arguments, unit, token);
            float columns[16];
            decay.of_columns(columns);
            wgmma_wait<0>();
            wgmma_pin(out);
#pragma unroll
            for (int i = 0; i < chunk / 2; ++i) out[i] *= exp2_approx(columns[i / 4 * 2 + i % 2]);
            uint32 weighted[State::token_steps][4];
            weigh_values<Element>(weighted, values, columns, decay.total);
            state.scale(exp2_approx(decay.total));
            wgmma_pin(out);
            wgmma_pin(state.c);
            //@end
            wgmma_fence();
#pragma unroll
            for (int step = 0; step < State::token_steps; ++step)
                wgmma<chunk, Element>(out, values[step], k_major<chunk>(scores, step * 16));
            wgmma_commit();
            //@if decay == none
            state.update(values, key);
            //@else
            state.update(weighted, key);
            //@end
            wgmma_commit();
            wgmma_wait<1>();
            wgmma_pin(out);
            //@if normalize
            const float* const factors =
                reinterpret_cast<const float*>(shared + Config::factors_offset) + buffer.slot * chunk;
#pragma unroll
            for (int i = 0; i < chunk / 2; ++i) out[i] *= factors[i / 4 * 8 + lane() % 4 * 2 + i % 2];
            constexpr float scale = 1.0f; // in the factors
            //@else
            const float scale = arguments.scale;
            //@end
            barrier_arrive(&rings.scores_empty[buffer.slot]);
            store_outputs<Config>(arguments, unit, token, first_value, out, scale, staging, group);
            wgmma_wait<0>();
            wgmma_pin(state.c);
            barrier_arrive(&rings.empty[cursor.slot]);
        }
        //@if joined
        if (unit.piece == 0) {
            store_record(state, arguments, unit, first_value, 0.0f); // with the initial state
            announce_record(rings);
        }
        if (unit.piece == Config::segments) store_final_state(state, arguments, unit, first_value);
        //@else
        if (unit.piece + 1 == Config::segments) store_final_state(state, arguments, unit, first_value);
        //@end
    }
    //@if tma == both
    finish_outputs();
    //@end
}

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_forward_body(const Arguments& arguments) {
    unsigned char* const shared = dynamic_shared();
    Rings<Config>& rings = *reinterpret_cast<Rings<Config>*>(shared + Config::barriers_offset);
    if (thread_index() == 0) rings.init();
    //@if joined
    cluster_sync();
    //@else
    sync_threads();
    //@end
    const int group = warp_index() / 4;
    if (group == 0) {
        set_registers<Config::copy_registers, Config::launch_registers>();
        copy_chunks<Config>(arguments, shared, rings);
    } else if (group == 1) {
        set_registers<Config::scores_registers, Config::launch_registers>();
        compute_scores<Config>(arguments, shared, rings);
    } else {
        set_registers<Config::output_registers, Config::launch_registers>();
        compute_outputs<Config>(arguments, shared, rings);
    }
}

} // namespace chela
