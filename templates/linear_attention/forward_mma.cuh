#pragma once
// Linear attention, forward, on tensor cores of compute capability 8.0 and up (mma.sync, cp.async).
//
// One block walks the chunks of one piece of one head, for one tile of the value dimension. Everything is
// computed transposed, so that the state Sᵀ stays in registers and is at once accumulator and A operand:
//     scores = Q Kᵀ ∘ mask            shared between the warps through shared memory, as ready B fragments
//     Oᵀ     = Sᵀ Qᵀ + Vᵀ scoresᵀ
//     Sᵀ    += Vᵀ K
// Each warp owns rows_per_warp rows of the value dimension. Chunks arrive by cp.async, `stages` of them in
// flight.

#include "linear_attention/state_mma.cuh"
#include "linear_attention/tiles.cuh"
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/matrix.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"
#include "prelude/fragments.cuh"

namespace chela {

/// Stores one 16 (value) × 8 (token) tile of Oᵀ; `output` is the tile's first token and value.
template <class Config>
CHELA_DEVICE void store_output(typename Config::Element* output, long long row_stride, const float (&c)[4],
                               float scale, int valid_tokens, int valid_values) {
    using Element = typename Config::Element;
    //@if dtype == fp32
    if constexpr (sizeof(Element) == 4) {
        const int value = lane() / 4, token = lane() % 4 * 2;
#pragma unroll
        for (int i = 0; i < 4; ++i)
            if (token + i % 2 < valid_tokens && value + i / 2 * 8 < valid_values)
                output[(token + i % 2) * row_stride + value + i / 2 * 8] = from_float<Element>(scale * c[i]);
    }
    //@else
    if constexpr (sizeof(Element) == 2) {
        // Transposed in registers, so that a thread holds two neighbouring values of one token.
        const int token = lane() / 4, value = lane() % 4 * 2;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const uint32 pair =
                movmatrix_transposed(pack2<Element>(scale * c[2 * half], scale * c[2 * half + 1]));
            Element* const target = output + token * row_stride + half * 8 + value;
            if (token >= valid_tokens) continue;
            if (Config::alignment >= 4 && half * 8 + value < valid_values) {
                *reinterpret_cast<uint32*>(target) = pair;
            } else if (Config::alignment < 4) {
                if (half * 8 + value < valid_values) target[0].bits = static_cast<unsigned short>(pair);
                if (half * 8 + value + 1 < valid_values)
                    target[1].bits = static_cast<unsigned short>(pair >> 16);
            }
        }
    }
    //@end
}

//@if causal
/// Scores of one chunk, masked, into shared memory: blocks of F::k keys × 16 queries in the order of the
/// lower triangle, each stored as the B fragments of its 32 lanes.
template <class Config>
CHELA_DEVICE void compute_scores(const typename Config::Element* query, const typename Config::Element* key,
                                 Vector16* scores) {
    using F = Fragments<typename Config::Element>;
    constexpr int key_tiles = F::k / 8; // accumulator tiles of a block
    constexpr int blocks_per_row = 16 / F::k;
    constexpr int rows = Config::chunk / 16;
    for (int block = warp_index(); block < rows * (rows + 1) / 2; block += Config::warps) {
        int row = 0, column = block; // 16 × 16 blocks, row by row up to the diagonal
        while (column > row) column -= ++row;
        float c[2][4] = {};
#pragma unroll
        for (int head = 0; head < Config::padded_head_dim; head += F::k) {
            const FragmentA a = F::load_a(query + row * 16 * Config::head_pitch + head, Config::head_pitch);
            const FragmentB2 b = F::load_b(key + column * 16 * Config::head_pitch + head, Config::head_pitch);
            F::multiply(c[0], a, b, 0);
            F::multiply(c[1], a, b, 1);
        }
        if (row == column) {
#pragma unroll
            for (int tile = 0; tile < 2; ++tile)
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const int token = lane() / 4 + i / 2 * 8, earlier = tile * 8 + lane() % 4 * 2 + i % 2;
                    if (earlier > token) c[tile][i] = 0.0f;
                }
        }
#pragma unroll
        for (int part = 0; part < blocks_per_row; ++part) {
            float tile[key_tiles][4];
#pragma unroll
            for (int t = 0; t < key_tiles; ++t)
#pragma unroll
                for (int i = 0; i < 4; ++i) tile[t][i] = c[part * key_tiles + t][i];
            const FragmentB2 b = F::b_from_accumulators(tile);
            scores[(block * blocks_per_row + part) * 32 + lane()] = {b.r[0], b.r[1], b.r[2], b.r[3]};
        }
    }
}
//@end

/// Starts the copies of one chunk into its stage.
template <class Config, class Arguments>
CHELA_DEVICE void load_chunk(typename Config::Element* stage, const Arguments& arguments, const Place& place,
                             int token, int end) {
    using Element = typename Config::Element;
    constexpr int threads = Config::warps * 32;
    const Element* query = arguments.q + place.batch * arguments.q_stride[0] + token * arguments.q_stride[1] +
                           place.head * arguments.q_stride[2];
    load_tile<Element, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
              threads>(stage, query, arguments.q_stride[1], end - token, Config::head_dim);
    //@if causal
    const Element* key = arguments.k + place.batch * arguments.k_stride[0] + token * arguments.k_stride[1] +
                         place.head * arguments.k_stride[2];
    load_tile<Element, Config::chunk, Config::padded_head_dim, Config::head_pitch, Config::alignment,
              threads>(stage + Config::key_offset, key, arguments.k_stride[1], end - token, Config::head_dim);
    const int first_value = place.value_tile * Config::value_tile;
    const Element* value = arguments.v + place.batch * arguments.v_stride[0] + token * arguments.v_stride[1] +
                           place.head * arguments.v_stride[2] + first_value;
    load_tile<Element, Config::chunk, Config::value_tile, Config::value_pitch, Config::alignment, threads>(
        stage + Config::value_offset, value, arguments.v_stride[1], end - token,
        Config::value_dim - first_value);
    //@end
}

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_forward_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    using F = Fragments<Element>;
    using State = WarpState<Config>;
    const Place place = place_of_block<Config>(arguments);
    const int piece = piece_length<Config>(arguments.length);
    const int begin = place.piece * piece;
    const int end = begin + piece < arguments.length ? begin + piece : arguments.length;
    const int first_row = warp_index() * Config::rows_per_warp; // of the block's value tile
    const int first_value = place.value_tile * Config::value_tile + first_row;

    Element* const stages = reinterpret_cast<Element*>(dynamic_shared());
    //@if causal
    Vector16* const scores = reinterpret_cast<Vector16*>(stages + Config::stages * Config::stage_elements);
    //@end
    Element* const output =
        arguments.o + place.batch * arguments.o_stride[0] + place.head * arguments.o_stride[2] + first_value;

    State state;
    state.clear();
    //@if reads_workspace
    state.load(workspace_state<Config>(arguments, place, Config::causal ? place.piece : 0), Config::value_dim,
               first_value);
    //@else
    if (arguments.initial_state)
        state.load(arguments.initial_state + place.batch * arguments.initial_state_stride[0] +
                       place.head * arguments.initial_state_stride[1],
                   arguments.initial_state_stride[2], first_value);
    //@end

#pragma unroll
    for (int stage = 0; stage < Config::stages - 1; ++stage) {
        if (begin + stage * Config::chunk < end)
            load_chunk<Config>(stages + stage * Config::stage_elements, arguments, place,
                               begin + stage * Config::chunk, end);
        cp_async_commit();
    }

    int slot = 0;
    for (int token = begin; token < end; token += Config::chunk) {
        if constexpr (Config::stages > 1) cp_async_wait<Config::stages - 2>();
        sync_threads(); // the chunk has landed, and everyone is done with the one before
        const int ahead = token + (Config::stages - 1) * Config::chunk;
        const int free_slot = slot == 0 ? Config::stages - 1 : slot - 1;
        if (ahead < end)
            load_chunk<Config>(stages + free_slot * Config::stage_elements, arguments, place, ahead, end);
        cp_async_commit();
        if constexpr (Config::stages == 1) {
            cp_async_wait<0>();
            sync_threads();
        }
        const Element* const query = stages + slot * Config::stage_elements;
        //@if causal
        const Element* const key = query + Config::key_offset;
        const Element* const value = query + Config::value_offset + first_row;
        compute_scores<Config>(query, key, scores);
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
#pragma unroll
            for (int row = 0; row < State::row_tiles; ++row)
#pragma unroll
                for (int column = 0; column < Config::output_tile / 8; ++column) {
                    const int first = token + part + column * 8;
                    store_output<Config>(output + first * arguments.o_stride[1] + row * 16,
                                         arguments.o_stride[1], out[row][column], arguments.scale,
                                         end - first, Config::value_dim - first_value - row * 16);
                }
        }
        //@if causal
        state.update(key, value);
        //@end
        slot = slot + 1 == Config::stages ? 0 : slot + 1;
    }
    cp_async_wait<0>();

    //@if !reads_workspace
    if (arguments.final_state)
        state.store(arguments.final_state + place.batch * arguments.final_state_stride[0] +
                        place.head * arguments.final_state_stride[1],
                    arguments.final_state_stride[2], first_value);
    //@end
}

} // namespace chela
