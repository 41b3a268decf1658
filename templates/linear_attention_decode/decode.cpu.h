#pragma once
// The decode step of linear attention on the CPU. One block takes the new tokens of one sequence through one
// head's state, tile by tile: a tile is read once, stays in registers for all tokens, and is written once.
//     S = a S + φ(k) vᵀ,   o = scale · φ(q)ᵀ S
// Keys, queries, values and outputs of the tokens are fp32 rows in scratch memory.

#include "linear_attention/feature_map.cpu.h"
//@if decay != none
#include "prelude/cpu/math.h"
//@end
#include "prelude/cpu/matrix.h"
#include "prelude/cpu/sequence.h" // Rows
#include "prelude/cpu/tile.h"

namespace chela {

/// The scratch matrices, one after the other.
template <class Config>
struct DecodeScratch {
    Matrix<Config::most_tokens, Config::head_dim> keys, queries; ///< φ(k) and scale · φ(q)
    Matrix<Config::most_tokens, Config::value_dim> values, outputs;
    //@if normalize
    Matrix<1, Config::head_dim> normalizer;
    //@end

    explicit DecodeScratch(void* memory) {
        auto* next = static_cast<float*>(memory);
        const auto place = [&next](auto& matrix) {
            matrix.data = next;
            next += matrix.elements;
        };
        place(keys);
        place(queries);
        place(values);
        place(outputs);
        //@if normalize
        place(normalizer);
        //@end
    }
};

/// rows[t, :] = factor · φ(source[t, :]) for t < count. Lanes beyond `columns` become zero.
template <int columns, class Target, class Element>
CHELA_INLINE void pack_features(const Target& rows, const Rows<Element>& source, int count, float factor) {
    constexpr int whole = columns / lanes * lanes;
    constexpr FeatureMap map;
    for (int token = 0; token < count; ++token) {
        const auto* from = source[token];
        for (int column = 0; column < whole; column += lanes)
            store(rows.at(token, column), broadcast(factor) * map(load(from + column)));
        if constexpr (whole < columns) {
            const Vector feature = broadcast(factor) * map(load<columns - whole>(from + whole));
            store(rows.at(token, whole), lane_index() < columns - whole ? feature : broadcast(0.0f));
        }
    }
}

/// The vector of a row of the state that begins at `column`; the last one may be short.
template <class Config, class State>
CHELA_INLINE Vector load_state(const State* row, int column) {
    constexpr int rest = Config::value_dim % lanes;
    return column + lanes <= Config::value_dim ? load(row + column) : load<rest>(row + column);
}
template <class Config, class State>
CHELA_INLINE void store_state(State* row, int column, Vector value) {
    constexpr int rest = Config::value_dim % lanes;
    if (column + lanes <= Config::value_dim)
        store(row + column, value);
    else
        store<rest>(row + column, value);
}

/// All tokens through `rows` rows and `vectors` vectors of the state.
template <int rows, int vectors, class Config, class State>
CHELA_INLINE void decode_tile(const DecodeScratch<Config>& scratch, const float* decays,
                              const Rows<State>& state, int row, int column, int tokens) {
    Vector element[rows][vectors];
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < vectors; ++j)
            element[i][j] = load_state<Config>(state[row + i], column + j * lanes);
#pragma clang loop unroll(disable)
    for (int token = 0; token < tokens; ++token) {
        //@if decay != none
        const Vector decay = broadcast(decays[token]);
        //@end
        Vector value[vectors], sum[vectors];
        for (int j = 0; j < vectors; ++j) {
            value[j] = load(scratch.values.at(token, column + j * lanes));
            sum[j] = load(scratch.outputs.at(token, column + j * lanes));
        }
        for (int i = 0; i < rows; ++i) {
            const Vector key = broadcast(*scratch.keys.at(token, row + i)),
                         query = broadcast(*scratch.queries.at(token, row + i));
            for (int j = 0; j < vectors; ++j) {
                //@if decay != none
                element[i][j] *= decay;
                //@end
                element[i][j] += key * value[j];
                sum[j] += query * element[i][j];
            }
        }
        for (int j = 0; j < vectors; ++j) store(scratch.outputs.at(token, column + j * lanes), sum[j]);
    }
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < vectors; ++j)
            store_state<Config>(state[row + i], column + j * lanes, element[i][j]);
}

/// All tokens through `rows` whole rows of the state: memory is read in its order.
template <int rows, class Config, class State>
CHELA_INLINE void decode_rows(const DecodeScratch<Config>& scratch, const float* decays,
                              const Rows<State>& state, int row, int tokens) {
    for_each_panel<Config::value_dim, Config::tile_vectors>([&](auto width, int column) {
        decode_tile<rows, width.value>(scratch, decays, state, row, column, tokens);
    });
}

//@if normalize
/// z = a z + φ(k) token by token; each token's outputs are divided by (scale · φ(q)·z + epsilon).
template <class Config>
CHELA_INLINE void normalize(const DecodeScratch<Config>& scratch, const float* decays, float* normalizer,
                            float epsilon, int tokens) {
    pack_rows<Config::head_dim>(scratch.normalizer, normalizer, 0, 1);
    for (int token = 0; token < tokens; ++token) {
        Vector sum = broadcast(0.0f);
        for (int column = 0; column < Config::head_dim; column += lanes) {
            Vector z = load(scratch.normalizer.at(0, column));
            //@if decay != none
            z *= broadcast(decays[token]);
            //@end
            z += load(scratch.keys.at(token, column));
            sum += load(scratch.queries.at(token, column)) * z;
            store(scratch.normalizer.at(0, column), z);
        }
        float denominator = epsilon;
        for (int lane = 0; lane < lanes; ++lane) denominator += sum[lane];
        for (int column = 0; column < Config::value_dim; column += lanes) {
            float* const o = scratch.outputs.at(token, column);
            store(o, load(o) / broadcast(denominator));
        }
    }
    unpack_rows<Config::head_dim>(normalizer, 0, scratch.normalizer, 1);
}
//@end

template <class Config, class Arguments>
void linear_attention_decode_body(const Arguments& arguments, long long block, void* memory) {
    const int tokens = arguments.tokens;
    const long long batch = block / arguments.heads, head = block % arguments.heads;
    const auto rows_of = [&]<class Element>(Element* tensor, const long long(&strides)[3]) {
        return Rows<Element>{tensor + batch * strides[0] + head * strides[2], strides[1]};
    };
    const auto o = rows_of(arguments.o, arguments.o_stride);
    const DecodeScratch<Config> scratch(memory);
    fill_zero(scratch.outputs, 0, tokens);
    //@if indexed
    const long long slot = arguments.state_index[batch];
    if (slot < 0 || slot >= arguments.pool)
        return unpack_rows<Config::value_dim>(o[0], o.stride, scratch.outputs, tokens);
    //@else
    const long long slot = batch;
    //@end

    pack_features<Config::head_dim>(scratch.keys, rows_of(arguments.k, arguments.k_stride), tokens, 1.0f);
    pack_features<Config::head_dim>(scratch.queries, rows_of(arguments.q, arguments.q_stride), tokens,
                                    arguments.scale);
    const auto v = rows_of(arguments.v, arguments.v_stride);
    pack_rows<Config::value_dim>(scratch.values, v[0], v.stride, tokens);
    float decays[Config::most_tokens];
    //@if decay == per_head
    for (float& decay : decays) decay = exp(broadcast(-arguments.decay[head]))[0];
    //@elif decay == scalar
    for (int token = 0; token < tokens; ++token)
        decays[token] = exp(broadcast(
            arguments.gate[batch * arguments.gate_stride[0] + token * arguments.gate_stride[1] + head]))[0];
    //@end

    const Rows<typename Config::State> state{arguments.state + slot * arguments.state_stride[0] +
                                                 head * arguments.state_stride[1],
                                             arguments.state_stride[2]};
    constexpr int rows = Config::tile_rows, whole = Config::head_dim / rows * rows;
    for (int row = 0; row < whole; row += rows) decode_rows<rows>(scratch, decays, state, row, tokens);
    if constexpr (whole < Config::head_dim)
        decode_rows<Config::head_dim - whole>(scratch, decays, state, whole, tokens);
    //@if normalize
    normalize(scratch, decays,
              arguments.normalizer + slot * arguments.normalizer_stride[0] +
                  head * arguments.normalizer_stride[1],
              arguments.epsilon, tokens);
    //@end
    unpack_rows<Config::value_dim>(o[0], o.stride, scratch.outputs, tokens);
}

} // namespace chela
