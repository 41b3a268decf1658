#pragma once
// The shared memory of a sequence, through which warps exchange the values of a transform.

#include "prelude/cuda/thread.cuh"

namespace chela {

/// Of `values` values of 4 bytes. Where in it, in bytes, the values of ka lie: row(ka) ^ the place of the
/// others. On the way there c and c + 8 of a b are together, real parts in a word and imaginary parts in the
/// next; on the way back, each value has a word. The accesses of all four sides are free of bank conflicts.
/// The place of a sum of powers of two is the exclusive or of theirs.
template <int values>
class Exchange {
  public:
    CHELA_DEVICE explicit Exchange(int sequence) : base_(dynamic_shared() + sequence * bytes) {}

    static constexpr int bytes = 4 * values;
    static CHELA_DEVICE constexpr int row(int ka) { return 1024 * ka ^ (ka & 3) * 16; }
    static CHELA_DEVICE constexpr int pair(int b, int c) {
        return (b & 1) * 8 ^ c * 16 ^ (b >> 1) * 128 ^ (b >> 1 & 1) * 64 ^ (b >> 2 & 1) * 32;
    }
    static CHELA_DEVICE constexpr int value(int m) { return 4 * m ^ (m >> 5 & 1) * 96; }

    template <class T>
    CHELA_DEVICE T& at(int place) const {
        return *reinterpret_cast<T*>(base_ + place);
    }

  private:
    unsigned char* base_;
};

} // namespace chela
