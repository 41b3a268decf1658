#pragma once
// From a warpgroup's transposed accumulators to rows of the output: through shared memory, so that a row
// leaves in whole lines.

#include "linear_attention/panels.cuh"
#include "linear_attention/units.cuh"
#include "prelude/cuda/matrix.cuh"
#include "prelude/cuda/reuse.cuh"
#include "prelude/cuda/thread.cuh"
//@if tma == both
#include "prelude/cuda/tma.cuh"
//@end

namespace chela {

//@if tma != both
/// `count` of the 8 elements of a piece, in accesses as wide as the alignment admits.
template <class Config>
CHELA_DEVICE void store_piece(typename Config::Element* output, const Vector16& piece, int count) {
    if constexpr (Config::alignment == 16) {
        store_once(output, piece);
    } else {
        const uint32 words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            if constexpr (Config::alignment >= 4) {
                if (2 * i < count) reinterpret_cast<uint32*>(output)[i] = words[i];
            } else {
                if (2 * i < count) output[2 * i].bits = static_cast<uint16>(words[i]);
                if (2 * i + 1 < count) output[2 * i + 1].bits = static_cast<uint16>(words[i] >> 16);
            }
        }
    }
}
//@end

/// Stores scale · `out` (64 values × chunk tokens, as wgmma left it) to the rows of the chunk at `token`,
/// columns from `first_value` on. `staging` [chunk, 64] belongs to the warpgroup.
template <class Config, class Arguments>
CHELA_DEVICE void store_outputs(const Arguments& arguments, const Unit& unit, int token, int first_value,
                                const float (&out)[Config::chunk / 2], float scale, unsigned char* staging,
                                int group) {
    using Element = typename Config::Element;
    constexpr int chunk = Config::chunk;
    const int row = lane() / 16 * 8 + lane() % 8, column = warp_index() % 4 * 2 + lane() / 8 % 2;
    //@if tma == both
    const bool storing = thread_index() % 128 == 0;
    if (storing) tma_store_wait_read<0>();
    //@end
    named_barrier_sync(1 + group, 128); // the chunk before has left
#pragma unroll
    for (int pair = 0; pair < chunk / 16; ++pair) { // 16 tokens
        uint32 packed[4];
#pragma unroll
        for (int i = 0; i < 4; ++i)
            packed[i] = pack2<Element>(scale * out[pair * 8 + i * 2], scale * out[pair * 8 + i * 2 + 1]);
        stmatrix_x4_transposed(packed, staging + panel_offset<chunk>(pair * 16 + row, column));
    }
    //@if tma == both
    fence_proxy_async();
    named_barrier_sync(1 + group, 128);
    if (storing) {
        tma_store_once(tensor_map(arguments.o_map), staging, first_value, unit.head, token, unit.batch);
        tma_store_commit();
    }
    //@else
    named_barrier_sync(1 + group, 128);
    const int thread = thread_index() % 128, piece = thread % 8;
    const int count = Config::value_dim - first_value - piece * 8, valid_tokens = unit.end - token;
    const long long row_stride = arguments.o_stride[1];
    Element* to = head_row<Config>(arguments.o, arguments.o_stride, unit) +
                  (token + thread / 8) * row_stride + first_value + piece * 8;
#pragma unroll
    for (int row = thread / 8; row < chunk; row += 16, to += 16 * row_stride)
        if (row < valid_tokens && count > 0)
            store_piece<Config>(
                to, *reinterpret_cast<const Vector16*>(staging + panel_offset<chunk>(row, piece)), count);
    //@end
}

//@if tma == both
/// Before the warpgroup leaves the kernel.
CHELA_DEVICE void finish_outputs() {
    if (thread_index() % 128 == 0) tma_store_wait_read<0>();
}
//@end

} // namespace chela
