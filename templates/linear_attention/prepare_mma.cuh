#pragma once
// What decay, feature map and normaliser add to the bodies on tensor cores.

#include "linear_attention/units.cuh"
#include "prelude/fragments.cuh"
//@if decay != none
#include "linear_attention/decay.cuh"
//@end
//@if feature_map != identity
#include "linear_attention/mapped.cuh"
//@end
//@if normalize
#include "linear_attention/normalizer.cuh"
//@end

namespace chela {

//@if decay != none
/// Multiplies column t of a fragment, t from 0 to k - 1, by weights[t].
template <class Element>
CHELA_DEVICE void weigh_columns(FragmentA& a, const float* weights) {
    const float* const mine = weights + lane() % 4 * 2;
    //@if dtype == fp32
#pragma unroll
    for (int i = 0; i < 4; ++i) a.r[i] = to_tf32(mine[i / 2] * bits_to_float(a.r[i])); // see fragments.cuh
    //@else
#pragma unroll
    for (int i = 0; i < 4; ++i)
        a.r[i] = pack2<Element>(mine[i / 2 * 8] * unpack_low<Element>(a.r[i]),
                                mine[i / 2 * 8 + 1] * unpack_high<Element>(a.r[i]));
    //@end
}
//@end

//@if normalize
/// Tiles of Oᵀ from token `part` of the chunk on, each token times its factor. `left` is 2^b of the tokens,
/// or null.
template <class Config, int rows, int columns, class Arguments>
CHELA_DEVICE void normalize_outputs(float (&out)[rows][columns][4], const BlockNormalizer<Config>& normalizer,
                                    int part, const float* left, const Arguments& arguments) {
#pragma unroll
    for (int column = 0; column < columns; ++column)
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            const int token = part + column * 8 + lane() % 4 * 2 + i;
            const float factor =
                normalizer.factor(token, left ? left[token] : 1.0f, arguments.scale, arguments.epsilon);
#pragma unroll
            for (int row = 0; row < rows; ++row) {
                out[row][column][i] *= factor;
                out[row][column][i + 2] *= factor;
            }
        }
}
//@end

} // namespace chela
