#pragma once
// Packets of rounded values.

#include "prelude/packet.cuh"

namespace chela {

/// Rounds to the type of the elements.
template <class T, int count>
CHELA_DEVICE Packet<T, count> pack(const float (&values)[count]) {
    Packet<T, count> packet;
    if constexpr (sizeof(T) == 2 && count % 2 == 0) {
#pragma unroll
        for (int i = 0; i < count; i += 2) {
            const uint32 pair = pack2<T>(values[i], values[i + 1]);
            packet.element[i] = T{static_cast<uint16>(pair)};
            packet.element[i + 1] = T{static_cast<uint16>(pair >> 16)};
        }
    } else {
#pragma unroll
        for (int i = 0; i < count; ++i) packet.element[i] = from_float<T>(values[i]);
    }
    return packet;
}

} // namespace chela
