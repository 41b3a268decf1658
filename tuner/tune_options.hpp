#pragma once
// The limits of a search, and how thorough its race is.

#include "codegen/problem.hpp"

#include <cstdint>
#include <optional>

namespace chela {

struct TuneOptions {
    double budget_seconds =
        0;          ///< 0: no limit. One candidate is tried, and a measurement finished, whatever it says.
    int trials = 0; ///< candidates to try, known ones included; 0: no limit
    std::uint64_t seed = 0;  ///< of the order in which candidates are tried
    bool force = false;      ///< compile and measure everything again
    int compile_threads = 0; ///< 0: as many as the runner advises
    int finalists = 4;       ///< how many race, the default not counted
    int rounds = 6;          ///< how often each finalist is measured: an even number lets drift cancel
    /// What serves this problem without a search: tried first, always a finalist, wins ties. Default: by the
    /// family's default rule.
    std::optional<Config> untuned = {};
};

/// Throws UserError that names what is out of range.
void check(const TuneOptions&);

} // namespace chela
