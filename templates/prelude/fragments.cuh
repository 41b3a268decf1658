#pragma once
// Operand fragments of mma.sync, loaded from shared memory in every orientation that the bodies need.
//
// A fragment is what one warp holds of a 16 × k (A) or k × 8 (B) tile, with k = 16 for 16-bit elements and 8
// for tf32. For tf32 the k index is permuted (register order 2t, 2t + 1 instead of t, t + 4) in all operands
// alike: a sum does not care for its order, and accumulators then turn into operands without leaving their
// thread.

#include "prelude/cuda/matrix.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

struct FragmentA {
    uint32 r[4];
};
/// Two B fragments for neighbouring column tiles: columns 0–7 in r[0..1], columns 8–15 in r[2..3].
struct FragmentB2 {
    uint32 r[4];
};

template <class Element>
struct Fragments;

/// bf16 and fp16: ldmatrix moves 8 × 8 tiles, transposing where the storage asks for it.
template <class Element16>
struct Fragments16 {
    static constexpr int k = 16;

    /// A from storage [m][k].
    static CHELA_DEVICE FragmentA load_a(const Element16* tile, int pitch) {
        FragmentA a;
        ldmatrix_x4(a.r, tile + (lane() % 16) * pitch + lane() / 16 * 8);
        return a;
    }
    /// A from storage [k][m].
    static CHELA_DEVICE FragmentA load_a_transposed(const Element16* tile, int pitch) {
        FragmentA a;
        ldmatrix_x4_transposed(a.r, tile + (lane() / 16 * 8 + lane() % 8) * pitch + lane() / 8 % 2 * 8);
        return a;
    }
    /// B from storage [n][k].
    static CHELA_DEVICE FragmentB2 load_b(const Element16* tile, int pitch) {
        FragmentB2 b;
        ldmatrix_x4(b.r, tile + (lane() / 16 * 8 + lane() % 8) * pitch + lane() / 8 % 2 * 8);
        return b;
    }
    /// B from storage [k][n].
    static CHELA_DEVICE FragmentB2 load_b_transposed(const Element16* tile, int pitch) {
        FragmentB2 b;
        ldmatrix_x4_transposed(b.r, tile + (lane() % 16) * pitch + lane() / 16 * 8);
        return b;
    }
    /// A from the accumulators of columns 0–7 and 8–15.
    static CHELA_DEVICE FragmentA a_from_accumulators(const float (&c)[2][4]) {
        return {{pack2<Element16>(c[0][0], c[0][1]), pack2<Element16>(c[0][2], c[0][3]),
                 pack2<Element16>(c[1][0], c[1][1]), pack2<Element16>(c[1][2], c[1][3])}};
    }
    /// B of the transposed accumulators: rows 0–7 and 8–15 become the two column tiles.
    static CHELA_DEVICE FragmentB2 b_from_accumulators(const float (&c)[2][4]) {
        return {{pack2<Element16>(c[0][0], c[0][1]), pack2<Element16>(c[1][0], c[1][1]),
                 pack2<Element16>(c[0][2], c[0][3]), pack2<Element16>(c[1][2], c[1][3])}};
    }
    static CHELA_DEVICE void multiply(float (&c)[4], const FragmentA& a, const FragmentB2& b,
                                      int column_tile) {
        const uint32 operand[2] = {b.r[2 * column_tile], b.r[2 * column_tile + 1]};
        mma_m16n8k16<Element16>(c, a.r, operand);
    }
};

template <>
struct Fragments<bf16> : Fragments16<bf16> {};
template <>
struct Fragments<fp16> : Fragments16<fp16> {};

/// fp32 rounded to tf32 on its way into registers.
template <>
struct Fragments<float> {
    static constexpr int k = 8;

    static CHELA_DEVICE FragmentA load_a(const float* tile, int pitch) {
        const float* row = tile + lane() / 4 * pitch + lane() % 4 * 2;
        return {{to_tf32(row[0]), to_tf32(row[8 * pitch]), to_tf32(row[1]), to_tf32(row[8 * pitch + 1])}};
    }
    static CHELA_DEVICE FragmentA load_a_transposed(const float* tile, int pitch) {
        const float* row = tile + lane() % 4 * 2 * pitch + lane() / 4;
        return {{to_tf32(row[0]), to_tf32(row[8]), to_tf32(row[pitch]), to_tf32(row[pitch + 8])}};
    }
    static CHELA_DEVICE FragmentB2 load_b(const float* tile, int pitch) {
        const float* row = tile + lane() / 4 * pitch + lane() % 4 * 2;
        return {{to_tf32(row[0]), to_tf32(row[1]), to_tf32(row[8 * pitch]), to_tf32(row[8 * pitch + 1])}};
    }
    static CHELA_DEVICE FragmentB2 load_b_transposed(const float* tile, int pitch) {
        const float* row = tile + lane() % 4 * 2 * pitch + lane() / 4;
        return {{to_tf32(row[0]), to_tf32(row[pitch]), to_tf32(row[8]), to_tf32(row[pitch + 8])}};
    }
    static CHELA_DEVICE FragmentA a_from_accumulators(const float (&c)[1][4]) {
        return {{to_tf32(c[0][0]), to_tf32(c[0][2]), to_tf32(c[0][1]), to_tf32(c[0][3])}};
    }
    static CHELA_DEVICE FragmentB2 b_from_accumulators(const float (&c)[1][4]) {
        return {{to_tf32(c[0][0]), to_tf32(c[0][1]), to_tf32(c[0][2]), to_tf32(c[0][3])}};
    }
    static CHELA_DEVICE void multiply(float (&c)[4], const FragmentA& a, const FragmentB2& b,
                                      int column_tile) {
        const uint32 operand[2] = {b.r[2 * column_tile], b.r[2 * column_tile + 1]};
        mma_m16n8k8_tf32(c, a.r, operand);
    }
};

} // namespace chela
