#pragma once
// Finds the fastest configuration of a problem on a device.
//
// A search explores first: each candidate is compiled (ahead, on all cores), verified and timed quickly, in
// the order of tuner/search.hpp, until the space, the trials or four fifths of the budget are used up. Then
// the best few race: they are measured thoroughly, in turns, so that drift of the device meets all of them
// alike; tuner/race.hpp says who wins. What comes of each candidate is in the database at once: a search that
// is interrupted goes on where it stopped, and one that runs beside another of the same problem takes over
// what that one has recorded.

#include "tuner/database.hpp"
#include "tuner/report.hpp"

#include <stop_token>

namespace chela {

struct TuneOptions {
    double budget_seconds =
        0;          ///< 0: no limit. One candidate is tried, and a measurement finished, whatever it says.
    int trials = 0; ///< candidates to try, known ones included; 0: no limit
    std::uint64_t seed = 0;  ///< of the order in which candidates are tried
    bool force = false;      ///< compile and measure everything again
    int compile_threads = 0; ///< 0: as many as the runner advises
    int finalists = 4;       ///< how many race
    int rounds = 3;          ///< how often each finalist is measured
};

/// Does nothing where the database holds a finished search with this problem's key, device, target, toolchain
/// and version of chela that had no tighter limits than these options (TuneReport::hit). Throws UserError
/// (bad options, no algorithm serves the problem, the database cannot be used) and what the runner throws;
/// never for what a candidate does wrong.
TuneReport tune(Runner&, Database&, const Problem&, const TuneOptions& = {}, const ProgressCallback& = {},
                std::stop_token = {});

} // namespace chela
