#pragma once
// Linear attention, forward, on tensor cores of sm_90a (wgmma), one persistent block per multiprocessor.
//
// Warpgroups with roles, joined by mbarriers:
//     copying      brings chunks of q, k, v by cp.async into a ring of stages
//     scores       Q Kᵀ ∘ mask, into one of two buffers; never waits for the state
//     outputs      each owns 64 rows of the value dimension; the state Sᵀ stays in its registers:
//                  Oᵀ = Sᵀ Qᵀ + Vᵀ scoresᵀ,  then  Sᵀ += Vᵀ K  while Oᵀ leaves
// A block takes one unit of work after the other (a value tile of a piece of a head); the ring runs on across
// them.

#include "linear_attention/output_wgmma.cuh"
#include "linear_attention/panels.cuh"
#include "linear_attention/rings_wgmma.cuh"
#include "linear_attention/state_wgmma.cuh"
#include "linear_attention/units.cuh"

namespace chela {

template <class Config>
struct Rings : StageRing<Config> {
    Barrier scores_full[2], scores_empty[2];

    CHELA_DEVICE void init() {
        StageRing<Config>::init(4 * (Config::output_groups + 1));
        for (int i = 0; i < 2; ++i) {
            barrier_init(&scores_full[i], 4);
            barrier_init(&scores_empty[i], 4 * Config::output_groups);
        }
        fence_barrier_init();
    }
};

template <class Config, class Arguments>
CHELA_DEVICE void copy_chunks(const Arguments& arguments, unsigned char* stages, Rings<Config>& rings) {
    using Element = typename Config::Element;
    const int thread = thread_index() % 128;
    Cursor<Config::stages> cursor;
    for (long long index = block_index(); index < unit_count<Config>(arguments); index += grid_blocks()) {
        const Unit unit = unit_of<Config>(arguments, index);
        const int first_value = unit.value_tile * Config::value_tile;
        const Element* query = arguments.q + unit.batch * arguments.q_stride[0] +
                               unit.head * arguments.q_stride[2] + unit.begin * arguments.q_stride[1];
        const Element* key = arguments.k + unit.batch * arguments.k_stride[0] +
                             unit.head * arguments.k_stride[2] + unit.begin * arguments.k_stride[1];
        const Element* value = arguments.v + unit.batch * arguments.v_stride[0] +
                               unit.head * arguments.v_stride[2] + unit.begin * arguments.v_stride[1] +
                               first_value;
        for (int token = unit.begin; token < unit.end; token += Config::chunk, cursor.advance()) {
            unsigned char* const stage = stages + cursor.slot * Config::stage_bytes;
            barrier_wait(&rings.empty[cursor.slot], cursor.phase ^ 1u);
            const int left = unit.end - token;
            load_panels<Element, Config::chunk, Config::head_columns, Config::alignment, 128>(
                stage, query, arguments.q_stride[1], left, Config::head_dim, thread);
            load_panels<Element, Config::chunk, Config::head_columns, Config::alignment, 128>(
                stage + Config::key_offset, key, arguments.k_stride[1], left, Config::head_dim, thread);
            load_panels<Element, Config::chunk, Config::value_tile, Config::alignment, 128>(
                stage + Config::value_offset, value, arguments.v_stride[1], left,
                Config::value_dim - first_value, thread);
            if constexpr (Config::alignment >= 4)
                barrier_arrive_on_cp_async(&rings.full[cursor.slot]);
            else
                barrier_arrive(&rings.full[cursor.slot]);
            query += Config::chunk * arguments.q_stride[1];
            key += Config::chunk * arguments.k_stride[1];
            value += Config::chunk * arguments.v_stride[1];
        }
    }
}

template <class Config, class Arguments>
CHELA_DEVICE void compute_scores(const Arguments& arguments, unsigned char* shared, Rings<Config>& rings) {
    using Element = typename Config::Element;
    constexpr int chunk = Config::chunk;
    const int warp = warp_index() % 4;
    Cursor<Config::stages> cursor;
    Cursor<2> buffer;
    for (long long index = block_index(); index < unit_count<Config>(arguments); index += grid_blocks()) {
        const Unit unit = unit_of<Config>(arguments, index);
        for (int token = unit.begin; token < unit.end; token += chunk, cursor.advance(), buffer.advance()) {
            const unsigned char* const query = shared + cursor.slot * Config::stage_bytes;
            const unsigned char* const key = query + Config::key_offset;
            unsigned char* const scores = shared + Config::scores_offset + buffer.slot * Config::scores_bytes;
            barrier_wait(&rings.full[cursor.slot], cursor.phase);
            fence_proxy_async(); // what cp.async wrote, for wgmma of this and, through scores_full, the other
                                 // groups
#pragma unroll 1
            for (int row = 0; row < chunk; row += 64) { // queries of one wgmma
                float c[chunk / 2];
                wgmma_fence();
#pragma unroll
                for (int head = 0; head < Config::head_columns; head += 16)
                    wgmma<chunk, Element>(c, k_major<chunk>(query + row * 128, head),
                                          k_major<chunk>(key, head), head > 0);
                wgmma_commit();
                if (row == 0) barrier_wait(&rings.scores_empty[buffer.slot], buffer.phase ^ 1u);
                wgmma_wait<0>();
                const int first = row + warp * 16; // query of the warp
#pragma unroll
                for (int i = 0; i < chunk / 2; ++i) {
                    const int earlier = i / 4 * 8 + lane() % 4 * 2 + i % 2;
                    if (earlier > first + lane() / 4 + i / 2 % 2 * 8) c[i] = 0.0f;
                }
#pragma unroll
                for (int pair = 0; pair < chunk / 16; ++pair) { // 16 keys
                    uint32 packed[4];
#pragma unroll
                    for (int i = 0; i < 4; ++i)
                        packed[i] = pack2<Element>(c[pair * 8 + i * 2], c[pair * 8 + i * 2 + 1]);
                    stmatrix_x4(packed,
                                scores + panel_offset<chunk>(first + lane() % 16, pair * 2 + lane() / 16));
                }
            }
            fence_proxy_async();
            warp_arrive(&rings.scores_full[buffer.slot]);
            warp_arrive(&rings.empty[cursor.slot]);
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
    for (long long index = block_index(); index < unit_count<Config>(arguments); index += grid_blocks()) {
        const Unit unit = unit_of<Config>(arguments, index);
        const int first_value = unit.value_tile * Config::value_tile + group * 64;
        Element* output = arguments.o + unit.batch * arguments.o_stride[0] +
                          unit.head * arguments.o_stride[2] + unit.begin * arguments.o_stride[1] +
                          first_value;
        State state;
        state.clear();
        //@if reads_workspace
        state.load(unit_state<Config>(arguments, unit, unit.piece), Config::value_dim, first_value);
        //@else
        if (arguments.initial_state)
            state.load(arguments.initial_state + unit.batch * arguments.initial_state_stride[0] +
                           unit.head * arguments.initial_state_stride[1],
                       arguments.initial_state_stride[2], first_value);
        //@end
        for (int token = unit.begin; token < unit.end; token += chunk, cursor.advance(), buffer.advance()) {
            const unsigned char* const query = shared + cursor.slot * Config::stage_bytes;
            const unsigned char* const key = query + Config::key_offset;
            const unsigned char* const value = query + Config::value_offset + group * (chunk * 128);
            const unsigned char* const scores =
                shared + Config::scores_offset + buffer.slot * Config::scores_bytes;
            barrier_wait(&rings.scores_full[buffer.slot], buffer.phase); // q, k and v are there too, then
            float out[chunk / 2];
            state.multiply(out, query);
            uint32 values[State::token_steps][4];
            load_values<Config>(values, value);
            wgmma_fence();
#pragma unroll
            for (int step = 0; step < State::token_steps; ++step)
                wgmma<chunk, Element>(out, values[step], k_major<chunk>(scores, step * 16));
            wgmma_commit();
            state.update(values, key);
            wgmma_commit();
            wgmma_wait<1>();
            warp_arrive(&rings.scores_empty[buffer.slot]);
            store_outputs<Config>(output, arguments.o_stride[1], out, arguments.scale, staging, group,
                                  unit.end - token, Config::value_dim - first_value);
            output += chunk * arguments.o_stride[1];
            wgmma_wait<0>();
            warp_arrive(&rings.empty[cursor.slot]);
        }
        //@if !reads_workspace
        if (arguments.final_state)
            state.store(arguments.final_state + unit.batch * arguments.final_state_stride[0] +
                            unit.head * arguments.final_state_stride[1],
                        arguments.final_state_stride[2], first_value);
        //@end
    }
}

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_forward_body(const Arguments& arguments) {
    unsigned char* const shared = dynamic_shared();
    Rings<Config>& rings = *reinterpret_cast<Rings<Config>*>(shared + Config::barriers_offset);
    if (thread_index() == 0) rings.init();
    sync_threads();
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
