#pragma once
// What a chunk carries beside its products: how much of the state it keeps, and the normaliser.

#include "linear_attention/feature_map.cpu.h"
//@if decay != none
#include "prelude/cpu/math.h"
//@end
#include "prelude/cpu/sequence.h"
#include "prelude/cpu/tile.h"

namespace chela {

/// The part of a sequence that a block works on.
template <class Config, int segments, class Arguments>
CHELA_INLINE Piece piece_of_block(const Arguments& arguments, long long block) {
    //@if packed
    return packed_piece<segments, Config::chunk>(arguments, block);
    //@else
    return sequence_piece<segments, Config::chunk>(arguments, block);
    //@end
}

//@if decay != none
/// Decay within a chunk, by logarithms to base 2: b[t] is the sum of log2 a over its tokens up to t itself.
template <class Config>
struct ChunkDecay {
    static constexpr int chunk = Config::chunk;
    Matrix<1, chunk> log; ///< b[t]; the last one again beyond the last token
    /// 2^b[t]: what is left at t of the state that the chunk begins with. A tile of rows may end beyond it.
    Matrix<1, round_up(chunk, Config::tile_rows)> from_start;
    float total; ///< b of the last token
    //@if decay == per_head
    float step;
    //@end

    template <class Arguments>
    CHELA_INLINE void begin(const Arguments& arguments, const Piece& piece) {
        //@if decay == per_head
        step = arguments.decay[piece.head] * -1.44269504f; // log2(e)
        //@end
    }

    template <class Arguments>
    CHELA_INLINE void read(const Arguments& arguments, const Piece& piece, long long token, int tokens) {
        float sum = 0;
        //@if decay == scalar
        const float* gate = arguments.gate + piece.batch * arguments.gate_stride[0] +
                            token * arguments.gate_stride[1] + piece.head;
        //@end
        for (int t = 0; t < chunk; ++t) {
            if (t < tokens) {
                //@if decay == scalar
                sum += gate[t * arguments.gate_stride[1]] * 1.44269504f; // log2(e)
                //@else
                sum = float(t + 1) * step;
                //@end
            }
            log.data[t] = sum;
        }
        total = sum;
        for (int t = 0; t < chunk; t += lanes) store(from_start.data + t, exp2(load(log.data + t)));
    }

    /// keys[:, t] *= 2^(total - b[t]): what is left of each key at the end of the chunk.
    template <class Keys>
    CHELA_INLINE void to_end(const Keys& keys, int rows, int tokens) const {
#pragma clang loop unroll(disable)
        for (int t = 0; t < tokens; t += lanes) {
            const Vector left = exp2(broadcast(total) - load(log.data + t));
            for (int row = 0; row < rows; ++row) store(keys.at(row, t), load(keys.at(row, t)) * left);
        }
    }

    /// What is left of the chunk's first state at its end.
    CHELA_INLINE float left() const { return exp2(broadcast(total))[0]; }
};
//@end

//@if normalize
/// normalizer = left · normalizer + the sum of the keys [rows, tokens].
template <class Keys>
CHELA_INLINE void add_keys(float* normalizer, float left, const Keys& keys, int rows, int tokens) {
    for (int row = 0; row < rows; ++row) {
        const float* key = keys.at(row, 0);
        float sum = 0;
        for (int t = 0; t < tokens; ++t) sum += key[t];
        normalizer[row] = left * normalizer[row] + sum;
    }
}

/// The head's normaliser in a tensor [batch, heads, head_dim].
template <class Element>
CHELA_INLINE Element* normalizer_row(Element* tensor, const long long (&strides)[2], const Piece& piece) {
    return tensor + piece.sequence * strides[0] + piece.head * strides[1];
}
//@end

} // namespace chela
