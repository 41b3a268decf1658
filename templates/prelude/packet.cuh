#pragma once
// What one access of global memory moves: neighbouring elements.

#include "prelude/cuda/types.cuh"

namespace chela {

template <class T, int count>
struct alignas(sizeof(T) * count) Packet {
    T element[count];
};

} // namespace chela
