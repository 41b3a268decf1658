#pragma once
// Finds the fastest configuration of a problem on a device.
//
// A search explores first: each candidate is compiled (ahead, on all cores), verified and timed quickly, in
// the order of tuner/search.hpp, until the space, the trials or four fifths of the budget are used up. Then
// the best few race, and with them the default: they are measured thoroughly, in turns, so that drift of the
// device meets all of them alike; tuner/race.hpp says who wins. What comes of each candidate is in the
// database at once: a search that is interrupted goes on where it stopped, and one that runs beside another
// of the same problem takes over what that one has recorded.

#include "tuner/database.hpp"
#include "tuner/report.hpp"
#include "tuner/tune_options.hpp"

#include <stop_token>

namespace chela {

/// Does nothing where the database holds a finished search with this problem's key, device, target, toolchain
/// and version of chela that had no tighter limits than these options (TuneReport::hit). Throws UserError
/// (bad options, no algorithm serves the problem, the database cannot be used) and what the runner throws;
/// never for what a candidate does wrong.
TuneReport tune(Runner&, Database&, const Problem&, const TuneOptions& = {}, const ProgressCallback& = {},
                std::stop_token = {});

} // namespace chela
