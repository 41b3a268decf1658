#pragma once
// The copying warpgroup's side of the ring: stages are waited for, filled by cp.async, mapped where q and k
// have a feature map, and handed on.

#include "linear_attention/feature_map.cuh"
#include "linear_attention/panels.cuh"
#include "linear_attention/rings_wgmma.cuh"

namespace chela {

//@if feature_map != identity
/// Applies the feature map to the pieces of a tile [chunk, head_dim] that this thread copied itself. Padding
/// stays zero.
template <class Config>
CHELA_DEVICE void map_panels(unsigned char* tile, int valid_rows, int thread) {
    using Element = typename Config::Element;
    constexpr int bytes = Config::alignment >= 4 ? Config::alignment : 2;
    constexpr int elements = bytes / 2, pieces_per_row = Config::head_columns / elements;
    const auto map2 = [](uint32 pair) {
        return pack2<Element>(feature_map<Config>(unpack_low<Element>(pair)),
                              feature_map<Config>(unpack_high<Element>(pair)));
    };
#pragma unroll 2
    for (int index = thread; index < Config::chunk * pieces_per_row; index += 128) {
        const int row = index / pieces_per_row, piece = index % pieces_per_row;
        if (row >= valid_rows || piece * elements >= Config::head_dim) continue;
        unsigned char* const at =
            tile + panel_offset<Config::chunk>(row, piece * bytes / 16) + piece * bytes % 16;
        if constexpr (bytes == 16) {
            Vector16 x = *reinterpret_cast<Vector16*>(at);
            x = {map2(x.x), map2(x.y), map2(x.z), map2(x.w)};
            *reinterpret_cast<Vector16*>(at) = x;
        } else if constexpr (bytes >= 4) {
#pragma unroll
            for (int i = 0; i < bytes / 4; ++i) {
                uint32& pair = reinterpret_cast<uint32*>(at)[i];
                pair = map2(pair);
            }
        } else {
            Element& x = *reinterpret_cast<Element*>(at);
            x = from_float<Element>(feature_map<Config>(to_float(x)));
        }
    }
}
//@end

template <class Config>
struct Filler {
    StageRing<Config>& ring;
    unsigned char* const stages;
    const int thread = thread_index() % 128;
    Cursor<Config::stages> cursor{};
    //@if feature_map != identity
    /// Stages that are in flight while an earlier one is mapped.
    static constexpr int lag = Config::stages - 2;
    Cursor<Config::stages> mapped{};
    int valid_rows[lag + 1] = {}; ///< of the latest stages
    int filled = 0;
    //@end

    CHELA_DEVICE unsigned char* next() {
        barrier_wait(&ring.empty[cursor.slot], cursor.phase ^ 1u);
        return stages + cursor.slot * Config::stage_bytes;
    }
    /// All copies into the stage have been started. It has `rows` rows of tokens.
    CHELA_DEVICE void landing(int rows) {
        //@if feature_map == identity
        if constexpr (Config::alignment >= 4)
            barrier_arrive_on_cp_async(&ring.full[cursor.slot]);
        else
            barrier_arrive(&ring.full[cursor.slot]);
        //@else
        cp_async_commit();
#pragma unroll
        for (int i = 0; i < lag; ++i) valid_rows[i] = valid_rows[i + 1];
        valid_rows[lag] = rows;
        if (++filled > lag) {
            cp_async_wait<lag>();
            map(valid_rows[0]);
        }
        //@end
        cursor.advance();
    }
    /// After the last stage.
    CHELA_DEVICE void finish() {
        //@if feature_map != identity
        cp_async_wait<0>();
#pragma unroll
        for (int i = 1; i <= lag; ++i)
            if (i + filled > lag) map(valid_rows[i]);
        //@end
    }

  private:
    //@if feature_map != identity
    CHELA_DEVICE void map(int rows) {
        unsigned char* const stage = stages + mapped.slot * Config::stage_bytes;
#pragma unroll 1
        for (int tile = 0; tile < Config::mapped_tiles; ++tile)
            map_panels<Config>(stage + tile * Config::key_offset, rows, thread);
        fence_proxy_async();
        barrier_arrive(&ring.full[mapped.slot]);
        mapped.advance();
    }
    //@end
};

} // namespace chela
