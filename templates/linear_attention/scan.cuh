#pragma once
// Second of the three launches of a split sequence: the states of the pieces become, in place, the states
// that the pieces start from. Each thread follows one element of one head's state, or of its normaliser,
// through the pieces.

#include "linear_attention/units.cuh"
#include "prelude/cuda/math.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_scan_body(const Arguments& arguments) {
    constexpr int blocks_per_head = (Config::scan_elements + Config::scan_threads - 1) / Config::scan_threads;
    const long long index = block_index() / blocks_per_head;
    const int batch = static_cast<int>(index / arguments.heads),
              head = static_cast<int>(index % arguments.heads);
    const int element =
        static_cast<int>(block_index() % blocks_per_head) * Config::scan_threads + thread_index();
    if (element >= Config::scan_elements) return;
    const int head_index = element / Config::value_dim, value_index = element % Config::value_dim;

    const float* initial = arguments.initial_state;
    if (initial)
        initial += batch * arguments.initial_state_stride[0] + head * arguments.initial_state_stride[1] +
                   head_index * arguments.initial_state_stride[2] + value_index;
    float* final = arguments.final_state;
    if (final)
        final += batch * arguments.final_state_stride[0] + head * arguments.final_state_stride[1] +
                 head_index * arguments.final_state_stride[2] + value_index;
    //@if normalize
    if (element >= Config::record_normalizer) {
        const int column = element - Config::record_normalizer;
        initial = arguments.initial_normalizer;
        if (initial)
            initial += batch * arguments.initial_normalizer_stride[0] +
                       head * arguments.initial_normalizer_stride[1] + column;
        final = arguments.final_normalizer;
        if (final)
            final += batch * arguments.final_normalizer_stride[0] +
                     head * arguments.final_normalizer_stride[1] + column;
    }
    //@end

    float sum = initial ? *initial : 0.0f;
    float* const records =
        static_cast<float*>(arguments.workspace) + index * Config::segments * Config::record_elements;
    constexpr int batch_pieces =
        Config::segments < 8 ? Config::segments : 8; // read together, before any write
#pragma unroll 1
    for (int first = 0; first < Config::segments; first += batch_pieces) {
        float* const record = records + static_cast<long long>(first) * Config::record_elements;
        float states[batch_pieces];
#pragma unroll
        for (int i = 0; i < batch_pieces; ++i) {
            // What the last piece adds is asked for by nobody but the final state.
            const int pieces_needed = Config::causal && !final ? Config::segments - 1 : Config::segments;
            const bool added = first + i < pieces_needed;
            states[i] = added ? record[i * Config::record_elements + element] : 0.0f;
        }
        //@if decay != none
        float decays[batch_pieces];
#pragma unroll
        for (int i = 0; i < batch_pieces; ++i)
            decays[i] = first + i < Config::segments
                            ? exp2_approx(record[i * Config::record_elements + Config::record_decay] *
                                          1.44269504f) // log2(e)
                            : 1.0f;
        //@end
#pragma unroll
        for (int i = 0; i < batch_pieces; ++i) {
            //@if causal
            if (first + i < Config::segments) record[i * Config::record_elements + element] = sum;
            //@end
            //@if decay != none
            sum *= decays[i];
            //@end
            sum += states[i];
        }
    }
    //@if !causal
    records[element] = sum; // every piece reads the whole sequence's state
    //@end
    if (final) *final = sum;
}

} // namespace chela
