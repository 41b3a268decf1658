#pragma once
// What a search came to, for people and as JSON.

#include "cli/context.hpp"
#include "cli/roofline.hpp"

#include <nlohmann/json.hpp>

namespace chela::cli {

/// The best ten as a table: the tunables in which they differ have a column each, where the terminal has
/// room.
std::string best_table(const Terminal&, const Problem&, const TuneReport&);
/// Why the others lost: how many of each kind, and an example of each.
std::string losers_text(const Terminal&, const TuneReport&);
/// How the search ended: "tried 87 of 240 configurations in 58.3 s (time was up)".
std::string extent_text(const TuneReport&);

/// One candidate: configuration, measurement and why it is not the winner.
nlohmann::ordered_json to_json(const TuneReport&, const Record&);
/// All of the report.
nlohmann::ordered_json to_json(const TuneReport&);

} // namespace chela::cli
