#pragma once
// From the sums of the pieces to the states that they start from. One block works on one head.

#include "prelude/cpu/sequence.h"

namespace chela {

/// workspace[batch, head, 0 … segments - 1] becomes its exclusive prefix sum, starting from the initial
/// state; where the attention is not causal, piece 0 becomes the total. The total is the final state.
template <class Config, class Arguments>
void linear_attention_scan_body(const Arguments& arguments, long long block, void*) {
    constexpr int value_dim = Config::value_dim;
    constexpr int state_elements = Config::head_dim * value_dim;
    const Piece sequence = sequence_piece<1, 1>(arguments, block);
    const auto initial = state_rows(arguments.initial_state, arguments.initial_state_stride, sequence);
    const auto final_rows = state_rows(arguments.final_state, arguments.final_state_stride, sequence);
    const Rows<float> sums{
        static_cast<float*>(arguments.workspace) + block * Config::segments * state_elements, state_elements};

    for (int row = 0; row < Config::head_dim; ++row)
        for (int column = 0; column < value_dim; ++column) {
            const int element = row * value_dim + column;
            float total = arguments.initial_state ? initial[row][column] : 0.0f;
            for (int segment = 0; segment < Config::segments; ++segment) {
                //@if causal
                const float before = total;
                //@end
                total += sums[segment][element];
                //@if causal
                if constexpr (Config::causal) sums[segment][element] = before;
                //@end
            }
            //@if !causal
            if constexpr (!Config::causal) sums[0][element] = total;
            //@end
            if (arguments.final_state) final_rows[row][column] = total;
        }
}

} // namespace chela
