#pragma once
// Compares an output on the device with the reference.

#include "runtime/guarded_memory.hpp"

namespace chela {

struct Comparison {
    double relative_error =
        0; ///< rms(out - ref) / rms(ref) of all slices; infinity where ref is zero and out is not
    std::string failure; ///< empty where the output is right
};

/// An output is right if
/// - no element, compared or not, is NaN or infinite (unless the reference itself overflows the dtype);
/// - its relative error keeps the family's bound;
/// - each slice alone keeps 4 times the bound, so that one wrong head among thousands is seen;
/// - each element is within 16 times the bound of the reference's rms and of its own size, so that one wrong
///   element is seen.
/// Differences below the smallest subnormal of the dtype are rounding. `output` has been downloaded.
Comparison compare(const Problem&, const GuardedTensor& output, const ReferenceSlices&);

} // namespace chela
