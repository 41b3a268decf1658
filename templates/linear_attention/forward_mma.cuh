#pragma once
// Linear attention, forward, on tensor cores of compute capability 8.0 and up (mma.sync, cp.async).
//
// One block walks the chunks of one piece of one head, for one tile of the value dimension. Everything is
// computed transposed, so that the state Sᵀ stays in registers and is at once accumulator and A operand:
//     scores = Q Kᵀ ∘ mask            shared between the warps through shared memory, as ready B fragments
//     Oᵀ     = Sᵀ Qᵀ + Vᵀ scoresᵀ
//     Sᵀ    += Vᵀ K
// with the decay of chela.md in the mask, on Q and on V, and each token over its denominator where it is
// normalised. Each warp owns rows_per_warp rows of the value dimension. Chunks arrive by cp.async, `stages`
// of them in flight.

#include "linear_attention/output_mma.cuh"
#include "linear_attention/prepare_mma.cuh"
#include "linear_attention/scores_mma.cuh"
#include "linear_attention/state_mma.cuh"
#include "linear_attention/tiles.cuh"
#include "linear_attention/units.cuh"
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"
#include "prelude/fragments.cuh"

namespace chela {

/// Starts the copies of one chunk into its stage.
template <class Config, class Arguments>
CHELA_DEVICE void load_chunk(typename Config::Element* stage, const Arguments& arguments, const Unit& unit,
                             int token) {
    using Element = typename Config::Element;
    constexpr int threads = Config::warps * 32;
    const int left = unit.end - token;
    const Element* query =
        head_row<Config>(arguments.q, arguments.q_stride, unit) + token * arguments.q_stride[1];
    load_tile<Element, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
              threads>(stage, query, arguments.q_stride[1], left, Config::head_dim);
    //@if causal
    const Element* key =
        head_row<Config>(arguments.k, arguments.k_stride, unit) + token * arguments.k_stride[1];
    load_tile<Element, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
              threads>(stage + Config::key_offset, key, arguments.k_stride[1], left, Config::head_dim);
    const int first_value = unit.value_tile * Config::value_tile;
    const Element* value =
        head_row<Config>(arguments.v, arguments.v_stride, unit) + token * arguments.v_stride[1] + first_value;
    load_tile<Element, Config::chunk, Config::value_tile, Config::value_pitch, Config::alignment, threads>(
        stage + Config::value_offset, value, arguments.v_stride[1], left, Config::value_dim - first_value);
    //@end
}

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_forward_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    using F = Fragments<Element>;
    using State = WarpState<Config>;
    const Unit unit = unit_of<Config>(arguments, block_index());
    const int first_row = warp_index() * Config::rows_per_warp; // of the block's value tile
    const int first_value = unit.value_tile * Config::value_tile + first_row;

    Element* const stages = reinterpret_cast<Element*>(dynamic_shared());
    //@if causal
    Vector16* const scores = reinterpret_cast<Vector16*>(stages + Config::stages * Config::stage_elements);
    //@end
    Element* const output = head_row<Config>(arguments.o, arguments.o_stride, unit) + first_value;
    //@if decay != none
    const BlockDecay<Config> decay(dynamic_shared());
    //@end

    State state;
    state.clear();
    //@if reads_workspace
    const float* const record = unit_state<Config>(arguments, unit, Config::causal ? unit.piece : 0);
    state.load(record, Config::value_dim, first_value);
    //@else
    if (arguments.initial_state)
        state.load(arguments.initial_state + unit.batch * arguments.initial_state_stride[0] +
                       unit.head * arguments.initial_state_stride[1],
                   arguments.initial_state_stride[2], first_value);
    //@end
    //@if normalize
    const BlockNormalizer<Config> normalizer(dynamic_shared());
    //@if reads_workspace
    normalizer.load(record + Config::record_normalizer);
    //@else
    normalizer.load(arguments.initial_normalizer
                        ? arguments.initial_normalizer + unit.batch * arguments.initial_normalizer_stride[0] +
                              unit.head * arguments.initial_normalizer_stride[1]
                        : nullptr);
    //@end
    //@end

#pragma unroll
    for (int stage = 0; stage < Config::stages - 1; ++stage) {
        if (unit.begin + stage * Config::chunk < unit.end) {
            load_chunk<Config>(stages + stage * Config::stage_elements, arguments, unit,
                               unit.begin + stage * Config::chunk);
            //@if decay == scalar
            decay.load(stage, arguments, unit, unit.begin + stage * Config::chunk);
            //@end
        }
        cp_async_commit();
    }

    int slot = 0;
    for (int token = unit.begin; token < unit.end; token += Config::chunk) {
        if constexpr (Config::stages > 1) cp_async_wait<Config::stages - 2>();
        sync_threads(); // the chunk has landed, and everyone is done with the one before
        const int ahead = token + (Config::stages - 1) * Config::chunk;
        const int free_slot = slot == 0 ? Config::stages - 1 : slot - 1;
        if (ahead < unit.end) {
            load_chunk<Config>(stages + free_slot * Config::stage_elements, arguments, unit, ahead);
            //@if decay == scalar
            decay.load(free_slot, arguments, unit, ahead);
            //@end
        }
        cp_async_commit();
        if constexpr (Config::stages == 1) {
            cp_async_wait<0>();
            sync_threads();
        }
        Element* const query = stages + slot * Config::stage_elements;
        //@if causal
        Element* const key = query + Config::key_offset;
        const Element* const value = query + Config::value_offset + first_row;
        //@end
        //@if feature_map != identity
        map_tile<Config>(query, unit.end - token);
        //@if causal
        map_tile<Config>(key, unit.end - token);
        //@end
        //@end
        //@if decay != none
        decay.prepare(slot, arguments, unit, token);
        sync_threads();
        //@elif feature_map != identity
        sync_threads();
        //@end
        //@if normalize
        normalizer.multiply(query);
        //@end
        //@if causal
        //@if normalize
        //@if decay != none
        compute_scores<Config>(query, key, scores, decay.log, normalizer.sums);
        //@else
        compute_scores<Config>(query, key, scores, nullptr, normalizer.sums);
        //@end
        //@elif decay != none
        compute_scores<Config>(query, key, scores, decay.log);
        //@else
        compute_scores<Config>(query, key, scores);
        //@end
        sync_threads();
        //@elif normalize
        sync_threads();
        //@end

#pragma unroll
        for (int part = 0; part < Config::chunk; part += Config::output_tile) {
            float out[State::row_tiles][Config::output_tile / 8][4] = {};
#pragma unroll
            for (int step = 0; step < Config::padded_head_dim / F::k; ++step) {
                FragmentA a[State::row_tiles];
#pragma unroll
                for (int row = 0; row < State::row_tiles; ++row) a[row] = state.operand(row, step);
#pragma unroll
                for (int column = 0; column < Config::output_tile / 16; ++column) {
                    const FragmentB2 b = F::load_b(
                        query + (part + column * 16) * Config::head_pitch + step * F::k, Config::head_pitch);
#pragma unroll
                    for (int row = 0; row < State::row_tiles; ++row) {
                        F::multiply(out[row][2 * column], a[row], b, 0);
                        F::multiply(out[row][2 * column + 1], a[row], b, 1);
                    }
                }
            }
            //@if decay != none
#pragma unroll
            for (int column = 0; column < Config::output_tile / 8; ++column)
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const float left = decay.from_start[part + column * 8 + lane() % 4 * 2 + i % 2];
#pragma unroll
                    for (int row = 0; row < State::row_tiles; ++row) out[row][column][i] *= left;
                }
            //@end
            //@if causal
#pragma unroll
            for (int earlier = 0; earlier < part + Config::output_tile; earlier += F::k) {
                FragmentA a[State::row_tiles];
#pragma unroll
                for (int row = 0; row < State::row_tiles; ++row)
                    a[row] = F::load_a_transposed(value + earlier * Config::value_pitch + row * 16,
                                                  Config::value_pitch);
#pragma unroll
                for (int column = 0; column < Config::output_tile / 16; ++column) {
                    const int query_block = part / 16 + column, key_block = earlier / 16;
                    if (key_block > query_block) continue; // above the diagonal
                    const int block = query_block * (query_block + 1) / 2 + key_block;
                    const Vector16 packed = scores[(block * (16 / F::k) + earlier % 16 / F::k) * 32 + lane()];
                    const FragmentB2 b{{packed.x, packed.y, packed.z, packed.w}};
#pragma unroll
                    for (int row = 0; row < State::row_tiles; ++row) {
                        F::multiply(out[row][2 * column], a[row], b, 0);
                        F::multiply(out[row][2 * column + 1], a[row], b, 1);
                    }
                }
            }
            //@end
            //@if normalize
            //@if decay != none
            normalize_outputs<Config>(out, normalizer, part, decay.from_start, arguments);
            //@else
            normalize_outputs<Config>(out, normalizer, part, nullptr, arguments);
            //@end
            constexpr float scale = 1.0f; // it is in the factors
            //@else
            const float scale = arguments.scale;
            //@end
#pragma unroll
            for (int row = 0; row < State::row_tiles; ++row)
#pragma unroll
                for (int column = 0; column < Config::output_tile / 8; ++column) {
                    const int first = token + part + column * 8;
                    store_output<Config>(output + first * arguments.o_stride[1] + row * 16,
                                         arguments.o_stride[1], out[row][column], scale, unit.end - first,
                                         Config::value_dim - first_value - row * 16);
                }
        }
        //@if causal
        //@if decay != none
        state.scale(decay.kept());
        state.update(key, value, decay.to_end);
        //@else
        state.update(key, value);
        //@end
        //@if normalize
        //@if decay != none
        normalizer.add(key, decay.kept(), decay.to_end);
        //@else
        normalizer.add(key, 1.0f, nullptr);
        //@end
        //@end
        //@end
        slot = slot + 1 == Config::stages ? 0 : slot + 1;
    }
    cp_async_wait<0>();

    //@if !reads_workspace
    if (arguments.final_state)
        state.store(arguments.final_state + unit.batch * arguments.final_state_stride[0] +
                        unit.head * arguments.final_state_stride[1],
                    arguments.final_state_stride[2], first_value);
    //@if normalize
    sync_threads();
    if (arguments.final_normalizer && unit.value_tile == 0)
        normalizer.store(arguments.final_normalizer + unit.batch * arguments.final_normalizer_stride[0] +
                         unit.head * arguments.final_normalizer_stride[1]);
    //@end
    //@end
}

} // namespace chela
