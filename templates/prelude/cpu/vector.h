#pragma once
// The vector of fp32 that every CPU kernel computes with: as wide as the registers of the target.

namespace chela {

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif

/// fp32 elements of a vector.
inline constexpr int lanes = vector_bytes / 4;

using Vector = float __attribute__((ext_vector_type(lanes)));
using IntVector = int __attribute__((ext_vector_type(lanes)));
using BitsVector = unsigned __attribute__((ext_vector_type(lanes)));

#define CHELA_INLINE inline __attribute__((always_inline))

template <int... index>
struct Indices {};
template <class, int... index>
struct IndexSequence {
    using type = Indices<index...>;
};
/// Indices<0, 1, …, lanes - 1>.
using LaneIndices = __make_integer_seq<IndexSequence, int, lanes>::type;

template <int... lane>
CHELA_INLINE IntVector make_lane_index(Indices<lane...>) {
    return IntVector{lane...};
}
/// {0, 1, …, lanes - 1}.
CHELA_INLINE IntVector lane_index() { return make_lane_index(LaneIndices{}); }

CHELA_INLINE Vector broadcast(float value) { return Vector(value); }

} // namespace chela
