#pragma once
// Pieces in shared memory, where rows keep the elements as they are.

#include "prelude/piece.cuh"

namespace chela {

template <class Element, int count>
CHELA_DEVICE void put_piece(Element* to, const Piece<Element, count>& piece) {
    *reinterpret_cast<Piece<Element, count>*>(to) = piece;
}
template <class Element, int count>
CHELA_DEVICE void get_piece(const Element* from, Piece<Element, count>& piece) {
    piece = *reinterpret_cast<const Piece<Element, count>*>(from);
}

} // namespace chela
