#pragma once
// What one access moves: neighbouring elements, in words of 32 bits. As elements of 16 bits each would take a
// register of its own, and be put there as soon as it arrives: the thread would wait for each load in turn.

#include "prelude/cuda/types.cuh"

namespace chela {

template <class T, bool pairs>
struct Word {
    using Type = T;
};
template <class T>
struct Word<T, true> {
    using Type = uint32;
};

template <class T, int count>
class alignas(sizeof(T) * count) Piece {
    static constexpr bool pairs = sizeof(T) == 2 && count % 2 == 0;

  public:
    Piece() = default;
    /// Rounds to the type of the elements.
    CHELA_DEVICE explicit Piece(const float (&values)[count]) {
#pragma unroll
        for (int i = 0; i < count; i += pairs ? 2 : 1)
            if constexpr (pairs)
                word_[i / 2] = pack2<T>(values[i], values[i + 1]);
            else
                word_[i] = from_float<T>(values[i]);
    }

    CHELA_DEVICE float value(int i) const {
        if constexpr (pairs)
            return i % 2 ? unpack_high<T>(word_[i / 2]) : unpack_low<T>(word_[i / 2]);
        else
            return to_float(word_[i]);
    }
    CHELA_DEVICE T element(int i) const {
        if constexpr (pairs)
            return T{static_cast<uint16>(word_[i / 2] >> i % 2 * 16)};
        else
            return word_[i];
    }
    /// Elements 2 i and 2 i + 1.
    CHELA_DEVICE uint32 word(int i) const {
        static_assert(pairs);
        return word_[i];
    }
    CHELA_DEVICE void set_word(int i, uint32 word) {
        static_assert(pairs);
        word_[i] = word;
    }
    CHELA_DEVICE void set(int i, T element) {
        if constexpr (pairs)
            word_[i / 2] = i % 2 ? (word_[i / 2] & 0xffffu) | static_cast<uint32>(element.bits) << 16
                                 : (word_[i / 2] & 0xffff0000u) | element.bits;
        else
            word_[i] = element;
    }

  private:
    typename Word<T, pairs>::Type word_[pairs ? count / 2 : count];
};

} // namespace chela
