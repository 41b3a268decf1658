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
#pragma unroll 4
    for (int piece = 0; piece < Config::segments; ++piece) {
        float* const record = records + static_cast<long long>(piece) * Config::record_elements;
        const float state = record[element];
        //@if causal
        record[element] = sum;
        //@end
        //@if decay != none
        sum *= exp2_approx(record[Config::record_decay] * 1.44269504f); // log2(e)
        //@end
        sum += state;
    }
    //@if !causal
    records[element] = sum; // every piece reads the whole sequence's state
    //@end
    if (final) *final = sum;
}

} // namespace chela
