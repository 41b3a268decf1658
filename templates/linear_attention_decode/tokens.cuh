#pragma once
// New tokens on their way from global memory into shared memory: φ(k), scale · φ(q), v and the decay, as
// floats.

#include "linear_attention/feature_map.cuh"
#include "linear_attention_decode/sequence.cuh"

namespace chela {

/// One token in shared memory. Rows beyond head_dim are zero; columns beyond value_dim are never used.
template <class Config>
struct StagedToken {
    struct alignas(8) Row {
        float key, query;
    };
    alignas(16) Row row[Config::padded_rows];
    float value[Config::value_tile];
    //@if decay == scalar
    float decay;
    //@end
};

/// One token in the registers of a block's threads: load() only asks for the memory, stage() waits for it. A
/// thread without a row or column asks for the last one, so that no branch separates the requests.
template <class Config, class Arguments>
class FetchedToken {
    using Element = typename Config::Element;
    static constexpr int rows = (Config::padded_rows + Config::threads - 1) / Config::threads;
    static constexpr int columns = (Config::value_tile + Config::threads - 1) / Config::threads;

  public:
    CHELA_DEVICE void load(const Arguments& arguments, const Sequence& sequence, int token, int first_value) {
        const Element* const k = arguments.k + sequence.batch * arguments.k_stride[0] +
                                 token * arguments.k_stride[1] + sequence.head * arguments.k_stride[2];
        const Element* const q = arguments.q + sequence.batch * arguments.q_stride[0] +
                                 token * arguments.q_stride[1] + sequence.head * arguments.q_stride[2];
        const Element* const v = arguments.v + sequence.batch * arguments.v_stride[0] +
                                 token * arguments.v_stride[1] + sequence.head * arguments.v_stride[2];
#pragma unroll
        for (int i = 0; i < rows; ++i) {
            const int row = nearest(thread_index() + i * Config::threads, Config::head_dim);
            key_[i] = k[row];
            query_[i] = q[row];
        }
#pragma unroll
        for (int i = 0; i < columns; ++i) {
            const int column = nearest(thread_index() + i * Config::threads, Config::value_tile);
            value_[i] = v[nearest(first_value + column, Config::value_dim)];
        }
        //@if decay == scalar
        gate_ = arguments.gate[sequence.batch * arguments.gate_stride[0] + token * arguments.gate_stride[1] +
                               sequence.head];
        //@end
    }

    CHELA_DEVICE void stage(StagedToken<Config>& token, float scale) const {
#pragma unroll
        for (int i = 0; i < rows; ++i) {
            const int row = thread_index() + i * Config::threads;
            const bool inside = row < Config::head_dim; // φ(0) need not be 0
            const float key = feature_map<Config>(to_float(key_[i])),
                        query = scale * feature_map<Config>(to_float(query_[i]));
            if (row < Config::padded_rows) token.row[row] = {inside ? key : 0.0f, inside ? query : 0.0f};
        }
#pragma unroll
        for (int i = 0; i < columns; ++i) {
            const int column = thread_index() + i * Config::threads;
            if (column < Config::value_tile) token.value[column] = to_float(value_[i]);
        }
        //@if decay == scalar
        if (thread_index() == 0) token.decay = natural_exp(gate_);
        //@end
    }

  private:
    static CHELA_DEVICE int nearest(int index, int count) { return index < count ? index : count - 1; }
    Element key_[rows], query_[rows], value_[columns];
    //@if decay == scalar
    float gate_;
    //@end
};

} // namespace chela
