#pragma once
// Tiles in shared memory as wgmma reads them: panels of 64 columns, each row 128 bytes whose 16-byte pieces
// are xored with the row's number (the 128-byte swizzle).

#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"
#include "prelude/cuda/wgmma.cuh"

namespace chela {

/// Bytes from the start of a tile of `rows` rows to a 16-byte piece of a row; pieces count along the row.
template <int rows>
CHELA_DEVICE int panel_offset(int row, int piece) {
    return piece / 8 * (rows * 128) + row * 128 + ((piece ^ row) % 8) * 16;
}

/// An operand whose rows run along K (scores: Q and K; outputs: Q and the scores), from depth `k` on.
template <int rows>
CHELA_DEVICE uint64 k_major(const unsigned char* tile, int k) {
    return wgmma_descriptor<Swizzle::bytes128>(tile + k / 64 * (rows * 128) + k % 64 * 2, 16, 1024);
}
/// An operand whose rows run along N, one for each step along K (the state's update: K), from row `k` on.
template <int rows>
CHELA_DEVICE uint64 n_major(const unsigned char* tile, int k) {
    return wgmma_descriptor<Swizzle::bytes128>(tile + k * 128, rows * 128, 1024);
}

} // namespace chela
