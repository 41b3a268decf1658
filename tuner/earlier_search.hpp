#pragma once
// Whether an earlier search answers a request to tune.

#include "tuner/tune.hpp"

#include <optional>
#include <vector>

namespace chela {

/// The report of a finished search of the point's bucket, device, target, toolchain and version of chela that
/// tried all of `space`, or had no tighter limits than `options`, and whose winner is still admitted. Nothing
/// where there is none.
std::optional<TuneReport> earlier_search(Database&, const Problem&, const TuningPoint&,
                                         const std::vector<Config>& space, const TuneOptions& options);

} // namespace chela
