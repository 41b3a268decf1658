#pragma once
// The scoring warpgroup: Q Kᵀ with mask and decay, chunk by chunk into one of two buffers, and what each row
// of the output is divided by.

#include "linear_attention/gates_wgmma.cuh"
#include "linear_attention/mapped_wgmma.cuh"
#include "linear_attention/normalizer_wgmma.cuh"
#include "linear_attention/panels.cuh"
#include "linear_attention/rings_wgmma.cuh"
#include "linear_attention/work_wgmma.cuh"
#include "prelude/cuda/matrix.cuh"

namespace chela {

/// Masks (and decays) one warp's sixteen queries, from `first` on, against all keys of the chunk.
template <class Config, class Decay>
CHELA_DEVICE void mask_scores(float (&c)[Config::chunk / 2], int first, const Decay& decay) {
    //@if decay != none
    float columns[16];
    decay.of_columns(columns);
    const float rows[2] = {decay.of(first + lane() / 4), decay.of(first + lane() / 4 + 8)};
    //@end
#pragma unroll
    for (int i = 0; i < Config::chunk / 2; ++i) {
        const int earlier = i / 4 * 8 + lane() % 4 * 2 + i % 2;
        const bool visible = earlier <= first + lane() / 4 + i / 2 % 2 * 8;
        //@if decay == none
        c[i] = visible ? c[i] : 0.0f;
        //@else
        const float passed =
            rows[i / 2 % 2] - columns[i / 4 * 2 + i % 2]; // logarithm of the decay in between
        c[i] = visible ? c[i] * exp2_approx(passed) : 0.0f;
        //@end
    }
}

/// The warp's scores as operand, 16 keys at a time.
template <class Config>
CHELA_DEVICE void store_scores(unsigned char* scores, const float (&c)[Config::chunk / 2], int first) {
#pragma unroll
    for (int pair = 0; pair < Config::chunk / 16; ++pair) {
        uint32 packed[4];
#pragma unroll
        for (int i = 0; i < 4; ++i)
            packed[i] = pack2<typename Config::Element>(c[pair * 8 + i * 2], c[pair * 8 + i * 2 + 1]);
        stmatrix_x4(packed,
                    scores + panel_offset<Config::chunk>(first + lane() % 16, pair * 2 + lane() / 16));
    }
}

//@if normalize
/// scale / (scale · φ(q)·z + ε) for the warp's queries: `c` their scores, `rest` q·z of the chunks before.
template <class Config, class Arguments, class Decay>
CHELA_DEVICE void store_factors(float* factors, const float (&c)[Config::chunk / 2], const float (&rest)[4],
                                int first, const Arguments& arguments, const Decay& decay) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const int row = first + lane() / 4 + half * 8;
        float before = rest[half * 2] + rest[half * 2 + 1]; // columns 0 and 1, in the quad's first lane
        //@if decay != none
        before *= exp2_approx(decay.of(row));
        //@end
        float sum = lane() % 4 == 0 ? before : 0.0f;
#pragma unroll
        for (int i = 0; i < Config::chunk / 2; ++i)
            if (i / 2 % 2 == half) sum += c[i];
        sum += shuffle_xor(sum, 1);
        sum += shuffle_xor(sum, 2);
        if (lane() % 4 == 0) factors[row] = arguments.scale / (arguments.scale * sum + arguments.epsilon);
    }
}
//@end

template <class Config, class Arguments, class Rings>
CHELA_DEVICE void compute_scores(const Arguments& arguments, unsigned char* shared, Rings& rings) {
    using Element = typename Config::Element;
    constexpr int chunk = Config::chunk;
    constexpr int meeting = 15; // named barrier of this warpgroup
    const int warp = warp_index() % 4;
    Cursor<Config::stages> cursor;
    Cursor<2> buffer;
    //@if normalize
    Normalizer<Config> normalizer{shared + Config::normalizer_offset};
    normalizer.clear_operand();
    named_barrier_sync(meeting, 128);
    //@end
    for (Work<Config> work; work.left(arguments); work.advance()) {
        const auto unit = work.unit(arguments);
        //@if joined
        if (unit.sums) { // keys are mapped, and handed on
            for (int left = unit_chunks<Config>(unit); left > 0; --left) {
                barrier_wait(&rings.full[cursor.slot], cursor.phase);
                //@if feature_map != identity
                map_panels<Config, 128>(shared + cursor.slot * Config::stage_bytes + Config::key_offset,
                                        unit.end - unit.begin - (left - 1) * chunk,
                                        warp_index() % 4 * 32 + lane());
                //@end
                fence_proxy_async();
                barrier_wait(&rings.scores_empty[buffer.slot], buffer.phase ^ 1u);
                barrier_arrive(&rings.scores_full[buffer.slot]);
                barrier_arrive(&rings.empty[cursor.slot]);
                cursor.advance();
                buffer.advance();
            }
            continue;
        }
        //@end
        //@if normalize
        const float* const initial = arguments.initial_normalizer
                                         ? arguments.initial_normalizer +
                                               unit.batch * arguments.initial_normalizer_stride[0] +
                                               unit.head * arguments.initial_normalizer_stride[1]
                                         : nullptr;
        normalizer.load(initial);
        //@end
        for (int token = unit.begin; token < unit.end; token += chunk, cursor.advance(), buffer.advance()) {
            unsigned char* const query = shared + cursor.slot * Config::stage_bytes;
            unsigned char* const key = query + Config::key_offset;
            unsigned char* const scores = shared + Config::scores_offset + buffer.slot * Config::scores_bytes;
            //@if normalize
            normalizer.write_operand();
            named_barrier_sync(meeting, 128);
            //@end
            barrier_wait(&rings.full[cursor.slot], cursor.phase);
            //@if feature_map != identity
            map_panels<Config, 128>(query, unit.end - token, warp_index() % 4 * 32 + lane());
            map_panels<Config, 128>(key, unit.end - token, warp_index() % 4 * 32 + lane());
            //@end
            //@if tma == none
            fence_proxy_async(); // what was written otherwise, for wgmma of this and, through scores_full,
                                 // the other groups
            //@elif feature_map != identity
            fence_proxy_async();
            //@end
            //@if feature_map != identity
            named_barrier_sync(meeting, 128);
            //@end
            //@if decay == none
            constexpr int decay = 0;
            //@else
            const ChunkDecay<Config> decay = chunk_decay<Config>(shared, cursor.slot, arguments, unit, token);
            //@end
#pragma unroll 1
            for (int row = 0; row < chunk; row += 64) { // queries of one wgmma
                const unsigned char* const queries = query + row * 128;
                float c[chunk / 2] = {}; // ptxas serialises products into registers that nothing wrote
                //@if normalize
                float rest[4] = {}; // q·z
                //@end
                wgmma_fence();
#pragma unroll
                for (int head = 0; head < Config::head_columns; head += 16) {
                    wgmma<chunk, Element>(c, k_major<chunk>(queries, head), k_major<chunk>(key, head),
                                          head > 0);
                    //@if normalize
                    wgmma<8, Element>(rest, k_major<chunk>(queries, head),
                                      k_major<8>(normalizer.operand, head), head > 0);
                    //@end
                }
                wgmma_commit();
                if (row == 0) barrier_wait(&rings.scores_empty[buffer.slot], buffer.phase ^ 1u);
                wgmma_wait<0>();
                wgmma_pin(c);
                //@if normalize
                wgmma_pin(rest);
                //@end
                const int first = row + warp * 16; // query of the warp
                mask_scores<Config>(c, first, decay);
                //@if normalize
                store_factors<Config>(reinterpret_cast<float*>(shared + Config::factors_offset) +
                                          buffer.slot * chunk,
                                      c, rest, first, arguments, decay);
                //@end
                store_scores<Config>(scores, c, first);
            }
            fence_proxy_async();
            barrier_arrive(&rings.scores_full[buffer.slot]);
            //@if normalize
            //@if decay == none
            normalizer.add(key, [](int) { return 1.0f; });
            //@else
            const float weights[2] = {exp2_approx(decay.total - decay.b[0]),
                                      exp2_approx(decay.total - decay.b[1])};
            normalizer.scale(exp2_approx(decay.total));
            normalizer.add(key, [&](int at) { return shuffle(at % 2 ? weights[1] : weights[0], at / 2); });
            //@end
            named_barrier_sync(meeting, 128); // nobody reads the operand any more
            //@end
            barrier_arrive(&rings.empty[cursor.slot]);
        }
        //@if normalize
        if (arguments.final_normalizer && unit.value_tile == 0)
            normalizer.store(arguments.final_normalizer + unit.batch * arguments.final_normalizer_stride[0] +
                             unit.head * arguments.final_normalizer_stride[1]);
        //@end
    }
}

} // namespace chela
