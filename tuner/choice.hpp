#pragma once
// Which configuration serves a problem, and why: the best that is known, never a search.

#include "tuner/database.hpp"

#include <string>
#include <string_view>

namespace chela {

struct Choice {
    /// In order of preference.
    enum class Kind {
        exact,        ///< these extents were tuned on this device
        bucketed,     ///< extents of the same bucket were (tuner/bucket.hpp)
        nearest,      ///< other extents were: those at the least distance()
        other_device, ///< another device of the same target was tuned: its extents at the least distance()
        fallback      ///< nothing was: the family's default rule
    };
    Config config;
    Kind kind = Kind::fallback;
    std::string why;      ///< one line
    bool shipped = false; ///< by the shipped table
};
std::string_view to_string(Choice::Kind);

/// Looks through the database and a shipped table (records of other processes, e.g. read by
/// exchange_from_json()); either may be missing. Where both know the same problem, the database is preferred;
/// then the toolchain at hand, a search that was finished, and the later one. Among candidates of equal time
/// the configuration's text decides, so that ranks that see the same records choose alike. A search that was
/// interrupted does not outdo a finished one of the same bucket. Configurations that this build no longer
/// admits are passed over, and shipped records of other buckets or another device: the default rule is better
/// there. Throws UserError where no algorithm serves.
Choice choose(const Problem&, const RunnerInfo& here, Database* = nullptr, const Exchange* shipped = nullptr);

} // namespace chela
