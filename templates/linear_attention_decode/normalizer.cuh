#pragma once
// Second launch of a decode step with a normaliser, where several blocks work on one head: each of them reads
// z, so that none may write it before all are done. One block takes the new tokens of one sequence through
// the normaliser of one head: z = a z + φ(k).

#include "linear_attention/feature_map.cuh"
#include "linear_attention_decode/sequence.cuh"

namespace chela {

template <class Config, class Arguments>
CHELA_DEVICE void linear_attention_decode_normalizer_body(const Arguments& arguments) {
    const Sequence sequence = sequence_of(arguments, static_cast<uint32>(block_index()));
    //@if indexed
    if (sequence.slot < 0) return;
    //@end
    //@if decay == per_head
    const float decay = natural_exp(-arguments.decay[sequence.head]);
    //@end
    for (int row = thread_index(); row < Config::head_dim; row += Config::normalizer_threads) {
        float* const z = arguments.normalizer + sequence.slot * arguments.normalizer_stride[0] +
                         sequence.head * arguments.normalizer_stride[1] + row;
        float sum = *z;
        for (int token = 0; token < arguments.tokens; ++token) {
            //@if decay == scalar
            const float decay = natural_exp(arguments.gate[sequence.batch * arguments.gate_stride[0] +
                                                           token * arguments.gate_stride[1] + sequence.head]);
            //@end
            //@if decay != none
            sum *= decay;
            //@end
            sum += feature_map<Config>(
                to_float(arguments.k[sequence.batch * arguments.k_stride[0] + token * arguments.k_stride[1] +
                                     sequence.head * arguments.k_stride[2] + row]));
        }
        *z = sum;
    }
}

} // namespace chela
