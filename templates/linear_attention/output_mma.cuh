#pragma once
// Tiles of the transposed output on their way from accumulators to global memory.

#include "prelude/cuda/matrix.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

/// Stores one 16 (value) × 8 (token) tile of Oᵀ; `output` is the tile's first token and value.
template <class Config>
CHELA_DEVICE void store_output(typename Config::Element* output, long long row_stride, const float (&c)[4],
                               float scale, int valid_tokens, int valid_values) {
    using Element = typename Config::Element;
    //@if dtype == fp32
    if constexpr (sizeof(Element) == 4) {
        const int value = lane() / 4, token = lane() % 4 * 2;
#pragma unroll
        for (int i = 0; i < 4; ++i)
            if (token + i % 2 < valid_tokens && value + i / 2 * 8 < valid_values)
                output[(token + i % 2) * row_stride + value + i / 2 * 8] = from_float<Element>(scale * c[i]);
    }
    //@else
    if constexpr (sizeof(Element) == 2) {
        // Transposed in registers, so that a thread holds two neighbouring values of one token.
        const int token = lane() / 4, value = lane() % 4 * 2;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const uint32 pair =
                movmatrix_transposed(pack2<Element>(scale * c[2 * half], scale * c[2 * half + 1]));
            Element* const target = output + token * row_stride + half * 8 + value;
            if (token >= valid_tokens) continue;
            if (Config::alignment >= 4 && half * 8 + value < valid_values) {
                *reinterpret_cast<uint32*>(target) = pair;
            } else if (Config::alignment < 4) {
                if (half * 8 + value < valid_values) target[0].bits = static_cast<unsigned short>(pair);
                if (half * 8 + value + 1 < valid_values)
                    target[1].bits = static_cast<unsigned short>(pair >> 16);
            }
        }
    }
    //@end
}

} // namespace chela
