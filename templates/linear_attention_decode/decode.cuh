#pragma once
// The decode step of linear attention on CUDA cores. A block takes the new tokens of one sequence, one after
// the other, through one tile of the value dimension of one head's state, which it reads once, keeps in
// registers as floats, and writes once:
//     S = a S + φ(k) vᵀ,   o = scale · φ(q)ᵀ S
// Neighbouring threads hold neighbouring columns. While a token is computed, the next one is on its way.

#include "linear_attention_decode/partial_sums.cuh"
#include "linear_attention_decode/sequence.cuh"
#include "linear_attention_decode/state.cuh"
#include "linear_attention_decode/tokens.cuh"

namespace chela {

/// One row of o of this block's tile, the threads side by side: `value(column)` gives its elements.
template <class Config, class Arguments, class Value>
CHELA_DEVICE void write_output(const Arguments& arguments, const Sequence& sequence, int token,
                               int first_value, Value value) {
    auto* const o = arguments.o + sequence.batch * arguments.o_stride[0] + token * arguments.o_stride[1] +
                    sequence.head * arguments.o_stride[2] + first_value;
#pragma unroll
    for (int first = 0; first < Config::value_tile; first += Config::threads) {
        const int column = first + thread_index();
        if (column < Config::value_tile && first_value + column < Config::value_dim)
            o[column] = from_float<typename Config::Element>(value(column));
    }
}

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_decode_body(const Arguments& arguments) {
    const uint32 block = static_cast<uint32>(block_index());
    const int first_value = static_cast<int>(block % Config::value_tiles) * Config::value_tile;
    const Sequence sequence = sequence_of(arguments, block / Config::value_tiles);
    //@if indexed
    if (sequence.slot < 0) { // the whole block: no thread waits for another
        for (int token = 0; token < arguments.tokens; ++token)
            write_output<Config>(arguments, sequence, token, first_value, [](int) { return 0.0f; });
        return;
    }
    //@end
    const int column = thread_index() % Config::threads_per_row * Config::vector;
    const int first_row = thread_index() / Config::threads_per_row * Config::rows;

    // Everything that comes from memory is asked for before any of it is waited for.
    auto* const state = arguments.state + sequence.slot * arguments.state_stride[0] +
                        sequence.head * arguments.state_stride[1];
    StateRows<Config> packed;
    packed.load(state, arguments.state_stride[2], first_row, first_value + column);
    //@if normalize
    float* const z = arguments.normalizer + sequence.slot * arguments.normalizer_stride[0] +
                     sequence.head * arguments.normalizer_stride[1];
    float normalizer[Config::rows]; // beyond head_dim: of any row, since φ(q) is zero there
#pragma unroll
    for (int row = 0; row < Config::rows; ++row)
        normalizer[row] = z[first_row + row < Config::head_dim ? first_row + row : 0];
    //@end
    FetchedToken<Config, Arguments> fetched;
    fetched.load(arguments, sequence, 0, first_value);
    //@if decay == per_head
    const float decay = natural_exp(-arguments.decay[sequence.head]);
    //@end

    auto* const staged = reinterpret_cast<StagedToken<Config>*>(dynamic_shared());
    auto* const sums = reinterpret_cast<PartialSums<Config>*>(staged + 2);
    const auto output = [&](int token) {
        const PartialSums<Config>& total = sums[token % 2];
        //@if normalize
        const float denominator = total.total(Config::value_tile) + arguments.epsilon;
        //@end
        write_output<Config>(arguments, sequence, token, first_value, [&](int e) {
            //@if normalize
            return total.total(e) / denominator;
            //@else
            return total.total(e);
            //@end
        });
    };

    fetched.stage(staged[0], arguments.scale);
    sync_threads();
    float element[Config::rows][Config::vector];
    packed.unpack(element, first_row, first_value + column);
    for (int token = 0;; ++token) {
        const bool last = token + 1 == arguments.tokens;
        if (!last) fetched.load(arguments, sequence, token + 1, first_value);
        const StagedToken<Config>& now = staged[token % 2];
        //@if decay == scalar
        const float decay = now.decay;
        //@end
        float value[Config::vector], sum[Config::vector] = {};
#pragma unroll
        for (int i = 0; i < Config::vector; ++i) value[i] = now.value[column + i];
        //@if normalize
        float normalizer_sum = 0.0f;
        //@end
#pragma unroll
        for (int row = 0; row < Config::rows; ++row) {
            const auto [key, query] = now.row[first_row + row];
#pragma unroll
            for (int i = 0; i < Config::vector; ++i) {
                //@if decay != none
                element[row][i] *= decay;
                //@end
                element[row][i] += key * value[i];
                sum[i] += query * element[row][i];
            }
            //@if normalize
            //@if decay != none
            normalizer[row] *= decay;
            //@end
            normalizer[row] += key;
            normalizer_sum += query * normalizer[row];
            //@end
        }
        sums[token % 2].add(sum, column);
        //@if normalize
        sums[token % 2].add_normalizer(normalizer_sum);
        //@end
        if (last) break;
        fetched.stage(staged[(token + 1) % 2], arguments.scale);
        sync_threads();
        output(token);
    }

    StateRows<Config>::store(element, state, arguments.state_stride[2], first_row, first_value + column);
    //@if writes_normalizer
#pragma unroll
    for (int row = 0; row < Config::rows; ++row)
        if (column == 0 && first_row + row < Config::head_dim) z[first_row + row] = normalizer[row];
    //@end
    sync_threads();
    output(arguments.tokens - 1);
}

} // namespace chela
