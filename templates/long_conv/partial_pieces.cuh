#pragma once
// Pieces of global memory, some elements of which may not be there.

#include "prelude/piece.cuh"

namespace chela {

/// The elements from `from` on, of which the first `valid` are there; zeros for the others.
template <int count, bool aligned, class Element>
CHELA_DEVICE Piece<Element, count> load_piece(const Element* from, int valid) {
    Piece<Element, count> piece{};
    if (aligned && valid >= count) {
        piece = *reinterpret_cast<const Piece<Element, count>*>(from);
    } else {
#pragma unroll
        for (int i = 0; i < count; ++i)
            if (i < valid) piece.set(i, from[i]);
    }
    return piece;
}
template <int count, bool aligned, class Element>
CHELA_DEVICE void store_piece(Element* to, const Piece<Element, count>& piece, int valid) {
    if (aligned && valid >= count) {
        *reinterpret_cast<Piece<Element, count>*>(to) = piece;
        return;
    }
#pragma unroll
    for (int i = 0; i < count; ++i)
        if (i < valid) to[i] = piece.element(i);
}

} // namespace chela
