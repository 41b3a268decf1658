#pragma once
// The copying warpgroup's side of the ring: stages are waited for, filled and handed on.
//@if tma == none
// By cp.async of all its threads.
//@else
// By TMA: one thread asks for boxes of a chunk by 64 columns.
//@end

#include "linear_attention/rings_wgmma.cuh"
#include "linear_attention/units.cuh"
//@if tma == none
#include "linear_attention/panel_copies.cuh"
//@else
#include "prelude/cuda/tma.cuh"
//@end

namespace chela {

template <class Config>
struct Filler {
    static constexpr int key_bytes = Config::value_offset - Config::key_offset;
    static constexpr int value_bytes = Config::output_groups * (Config::chunk * 128);

    StageRing<Config>& ring;
    unsigned char* const stages;
    const int thread = thread_index() % 128;
    Cursor<Config::stages> cursor{};

    /// The next stage, once it may be filled with `bytes`.
    CHELA_DEVICE unsigned char* next([[maybe_unused]] int bytes) {
        barrier_wait(&ring.empty[cursor.slot], cursor.phase ^ 1u);
        //@if tma != none
        if (thread == 0) {
            //@if decay == scalar
            barrier_expect(&ring.full[cursor.slot], bytes);
            //@else
            barrier_arrive_expect(&ring.full[cursor.slot], bytes);
            //@end
        }
        //@end
        return stages + cursor.slot * Config::stage_bytes;
    }
    //@if tma == none
    /// Starts copying `columns` columns from `first` on, of which the tensor has `all`, of the chunk at
    /// `token`.
    template <int columns, bool keep, class Element>
    CHELA_DEVICE void load(unsigned char* tile, const Element* tensor, const long long (&stride)[3],
                           const Unit& unit, int token, int first, int all) {
        load_panels<Element, Config::chunk, columns, Config::alignment, 128, keep>(
            tile, head_row<Config>(tensor, stride, unit) + token * stride[1] + first, stride[1],
            unit.end - token, all - first, thread);
    }
    //@else
    /// Starts copying `columns` columns from `first` on, of the chunk at `token`.
    template <int columns, bool keep>
    CHELA_DEVICE void load(unsigned char* tile, const unsigned long long (&map)[16], const Unit& unit,
                           int token, int first) {
        if (thread != 0) return;
#pragma unroll
        for (int column = 0; column < columns; column += 64) {
            unsigned char* const panel = tile + column * (Config::chunk * 2);
            Barrier* const full = &ring.full[cursor.slot];
            if constexpr (keep)
                tma_load_keep(panel, tensor_map(map), full, first + column, unit.head, token, unit.batch);
            else
                tma_load(panel, tensor_map(map), full, first + column, unit.head, token, unit.batch);
        }
    }
    //@end
    /// All copies into the stage have been started.
    CHELA_DEVICE void landing() {
        //@if tma == none
        if constexpr (Config::alignment >= 4) {
            barrier_arrive_on_cp_async(&ring.full[cursor.slot]);
        } else {
            //@if decay == scalar
            cp_async_commit();
            cp_async_wait<0>(); // the gates; the rest was stored by this thread
            //@end
            barrier_arrive(&ring.full[cursor.slot]);
        }
        //@elif decay == scalar
        barrier_arrive_on_cp_async(&ring.full[cursor.slot]); // the gates
        //@end
        cursor.advance();
    }
};

/// Start copying the chunk at `token` of q, k or v. `keep`: it will be read again soon.
template <class Config, class Arguments>
CHELA_DEVICE void load_query(Filler<Config>& filler, unsigned char* tile, const Arguments& arguments,
                             const Unit& unit, int token) {
    constexpr int columns = Config::head_columns;
    //@if tma == none
    filler.template load<columns, false>(tile, arguments.q, arguments.q_stride, unit, token, 0,
                                         Config::head_dim);
    //@else
    filler.template load<columns, false>(tile, arguments.q_map, unit, token, 0);
    //@end
}
template <class Config, bool keep, class Arguments>
CHELA_DEVICE void load_key(Filler<Config>& filler, unsigned char* tile, const Arguments& arguments,
                           const Unit& unit, int token) {
    constexpr int columns = Config::head_columns;
    //@if tma == none
    filler.template load<columns, keep>(tile, arguments.k, arguments.k_stride, unit, token, 0,
                                        Config::head_dim);
    //@else
    filler.template load<columns, keep>(tile, arguments.k_map, unit, token, 0);
    //@end
}
template <class Config, bool keep, class Arguments>
CHELA_DEVICE void load_value(Filler<Config>& filler, unsigned char* tile, const Arguments& arguments,
                             const Unit& unit, int token) {
    constexpr int columns = Config::value_tile;
    const int first = unit.value_tile * columns;
    //@if tma == none
    filler.template load<columns, keep>(tile, arguments.v, arguments.v_stride, unit, token, first,
                                        Config::value_dim);
    //@else
    filler.template load<columns, keep>(tile, arguments.v_map, unit, token, first);
    //@end
}

} // namespace chela
