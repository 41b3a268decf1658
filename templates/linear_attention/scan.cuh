#pragma once
// Second of the three launches of a split sequence: the states of the pieces become, in place, the states
// that the pieces start from. Each thread follows one element of one head's state through the pieces.

#include "linear_attention/tiles.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_scan_body(const Arguments& arguments) {
    constexpr int elements = Config::head_dim * Config::value_dim;
    constexpr int blocks_per_head = (elements + Config::scan_threads - 1) / Config::scan_threads;
    const long long index = block_index() / blocks_per_head;
    const Place place{0, 0, static_cast<int>(index % arguments.heads),
                      static_cast<int>(index / arguments.heads)};
    const int element =
        static_cast<int>(block_index() % blocks_per_head) * Config::scan_threads + thread_index();
    if (element >= elements) return;
    const int head_index = element / Config::value_dim, value_index = element % Config::value_dim;

    float sum = 0.0f;
    if (arguments.initial_state)
        sum = arguments.initial_state[place.batch * arguments.initial_state_stride[0] +
                                      place.head * arguments.initial_state_stride[1] +
                                      head_index * arguments.initial_state_stride[2] + value_index];
    float* const first = workspace_state<Config>(arguments, place, 0) + element;
#pragma unroll 4
    for (int piece = 0; piece < Config::segments; ++piece) {
        const float state = first[static_cast<long long>(piece) * elements];
        //@if causal
        first[static_cast<long long>(piece) * elements] = sum;
        //@end
        sum += state;
    }
    //@if !causal
    first[0] = sum; // every piece reads the whole sequence's state
    //@end
    if (arguments.final_state)
        arguments.final_state[place.batch * arguments.final_state_stride[0] +
                              place.head * arguments.final_state_stride[1] +
                              head_index * arguments.final_state_stride[2] + value_index] = sum;
}

} // namespace chela
