#pragma once
// The feature map on tiles in shared memory.

#include "linear_attention/feature_map.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

/// φ of the first valid_rows rows of a [chunk, head_dim] tile with rows of head_pitch elements, in place. The
/// zeros beyond stay: φ(0) need not be 0.
template <class Config, class Element>
CHELA_DEVICE void map_tile(Element* tile, int valid_rows) {
    const int rows = valid_rows < Config::chunk ? valid_rows : Config::chunk;
    for (int index = thread_index(); index < rows * Config::padded_head_dim; index += block_threads()) {
        const int column = index % Config::padded_head_dim;
        Element& x = tile[index / Config::padded_head_dim * Config::head_pitch + column];
        if (column < Config::head_dim) x = from_float<Element>(feature_map<Config>(to_float(x)));
    }
}

} // namespace chela
