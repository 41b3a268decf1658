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
    constexpr int pieces = Config::chunk * pieces_per_row;
    constexpr int batch = 4; // pieces in flight: one alone would wait for each step of the map
    const auto place = [=](int index) {
        const int row = index / pieces_per_row, piece = index % pieces_per_row;
        return tile + panel_offset<Config::chunk>(row, piece * bytes / 16) + piece * bytes % 16;
    };
    const auto inside = [=](int index) {
        return index < pieces && index / pieces_per_row < valid_rows &&
               index % pieces_per_row * elements < Config::head_dim;
    };
    if constexpr (bytes == 2) {
#pragma unroll 1
        for (int index = thread; index < pieces; index += 128)
            if (inside(index)) {
                Element& x = *reinterpret_cast<Element*>(place(index));
                x = from_float<Element>(feature_map<Config>(to_float(x)));
            }
    } else {
        constexpr int words = bytes / 4;
        struct alignas(bytes) Piece {
            uint32 word[words];
        };
#pragma unroll 1
        for (int first = thread; first < pieces; first += batch * 128) {
            Piece x[batch];
#pragma unroll
            for (int i = 0; i < batch; ++i)
                if (first + i * 128 < pieces) x[i] = *reinterpret_cast<const Piece*>(place(first + i * 128));
#pragma unroll
            for (int i = 0; i < batch; ++i)
#pragma unroll
                for (int w = 0; w < words; ++w)
                    x[i].word[w] = pack2<Element>(feature_map<Config>(unpack_low<Element>(x[i].word[w])),
                                                  feature_map<Config>(unpack_high<Element>(x[i].word[w])));
#pragma unroll
            for (int i = 0; i < batch; ++i)
                if (inside(first + i * 128)) *reinterpret_cast<Piece*>(place(first + i * 128)) = x[i];
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
        // Who reads it through wgmma does the proxy fence: here it would wait for the copies in flight.
        barrier_arrive(&ring.full[mapped.slot]);
        mapped.advance();
    }
    //@end
};

} // namespace chela
