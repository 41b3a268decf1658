#pragma once
// Asking for memory before it is needed. The rows of one head lie far apart, where the hardware does not look
// ahead.

#include "prelude/cpu/vector.h"

namespace chela {

/// Brings the `count` elements of a row near, to be read or, where `write` is set, to be written.
template <int count, bool write = false, class Element>
CHELA_INLINE void prefetch_row(const Element* row) {
    const auto* bytes = reinterpret_cast<const char*>(row);
    for (int byte = 0; byte < count * int(sizeof(Element)); byte += 64)
        __builtin_prefetch(bytes + byte, write, 2);
}

/// Asks for the tokens of the next chunk little by little: each call of step() fetches some of them, so that
/// `steps` calls, spread over the computation of the present chunk, fetch all.
template <int chunk, int steps, class Fetch>
class NextChunk {
  public:
    NextChunk(long long token, long long end, const Fetch& fetch)
        : fetch_(fetch), next_(token + chunk), end_(next_ + chunk < end ? next_ + chunk : end) {}

    CHELA_INLINE void step() {
        for (int count = 0; count < (chunk + steps - 1) / steps && next_ < end_; ++count) fetch_(next_++);
    }

  private:
    const Fetch& fetch_;
    long long next_, end_;
};

template <int chunk, int steps, class Fetch>
CHELA_INLINE NextChunk<chunk, steps, Fetch> next_chunk(long long token, long long end, const Fetch& fetch) {
    return {token, end, fetch};
}

} // namespace chela
