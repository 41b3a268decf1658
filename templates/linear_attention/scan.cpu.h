#pragma once
// From the sums of the pieces to the states that they start from. One block works on one head.

#include "linear_attention/chunk.cpu.h"

namespace chela {

/// Element after element of the records, from `offset` on: [0 … segments - 1] becomes the exclusive prefix
/// sum, in which what is carried decays over each piece, starting from `initial` or 0; where the attention is
/// not causal, [0] becomes the total. `last` receives the total. Both may be null.
template <class Config>
CHELA_INLINE void scan_rows(float* records, int offset, int count, const float* initial, float* last,
                            const float* left) {
    for (int element = 0; element < count; ++element) {
        float* const sums = records + offset + element;
        float total = initial ? initial[element] : 0.0f;
        for (int segment = 0; segment < Config::segments; ++segment) {
            float& sum = sums[segment * Config::record_elements];
            //@if causal
            const float before = total;
            //@end
            //@if decay != none
            total *= left[segment];
            //@end
            total += sum;
            //@if causal
            sum = before;
            //@end
        }
        //@if !causal
        sums[0] = total;
        //@end
        if (last) last[element] = total;
    }
}

template <class Config, class Arguments>
void linear_attention_scan_body(const Arguments& arguments, long long block, void*) {
    constexpr int value_dim = Config::value_dim;
    const Piece sequence = piece_of_block<Config, 1>(arguments, block);
    const auto initial = state_rows(arguments.initial_state, arguments.initial_state_stride, sequence);
    const auto final_rows = state_rows(arguments.final_state, arguments.final_state_stride, sequence);
    float* const records =
        static_cast<float*>(arguments.workspace) + block * Config::segments * Config::record_elements;

    float left[Config::segments]; // of a state after each piece
    for (int segment = 0; segment < Config::segments; ++segment) {
        left[segment] = 1;
        //@if decay != none
        left[segment] = exp2(broadcast(records[segment * Config::record_elements + Config::record_decay]))[0];
        //@end
    }
    for (int row = 0; row < Config::head_dim; ++row)
        scan_rows<Config>(records, row * value_dim, value_dim,
                          arguments.initial_state ? initial[row] : nullptr,
                          arguments.final_state ? final_rows[row] : nullptr, left);
    //@if normalize
    const float* const first_normalizer =
        normalizer_row(arguments.initial_normalizer, arguments.initial_normalizer_stride, sequence);
    float* const last_normalizer =
        normalizer_row(arguments.final_normalizer, arguments.final_normalizer_stride, sequence);
    scan_rows<Config>(records, Config::record_normalizer, Config::head_dim,
                      arguments.initial_normalizer ? first_normalizer : nullptr,
                      arguments.final_normalizer ? last_normalizer : nullptr, left);
    //@end
}

} // namespace chela
