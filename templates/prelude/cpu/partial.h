#pragma once
// Vectors of which only the first `count` elements lie in memory, or of which the elements lie apart.

#include "prelude/cpu/elements.h"

namespace chela {

/// The other lanes are zero.
template <class Element>
CHELA_INLINE Vector load_first(const Element* source, int count) {
    if (count >= lanes) return load(source);
    Element part[lanes] = {};
    for (int i = 0; i < count; ++i) part[i] = source[i];
    return load(part);
}
template <class Element>
CHELA_INLINE void store_first(Element* target, int count, Vector value) {
    if (count >= lanes) return store(target, value);
    Element part[lanes];
    store(part, value);
    for (int i = 0; i < count; ++i) target[i] = part[i];
}

/// Element i lies at source[i * distance].
template <class Element>
CHELA_INLINE Vector gather(const Element* source, long long distance, int count) {
    if (distance == 1) return load_first(source, count);
    Element part[lanes] = {};
    for (int i = 0; i < count; ++i) part[i] = source[i * distance];
    return load(part);
}
template <class Element>
CHELA_INLINE void scatter(Element* target, long long distance, int count, Vector value) {
    if (distance == 1) return store_first(target, count, value);
    Element part[lanes];
    store(part, value);
    for (int i = 0; i < count; ++i) target[i * distance] = part[i];
}

} // namespace chela
