#pragma once
// What a search came to, and what it tells while it runs.

#include "tuner/record.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chela {

struct Progress {
    enum class Phase {
        exploring, ///< each candidate once, quickly
        racing     ///< the best few again, thoroughly
    };
    Phase phase = Phase::exploring;
    int done = 0;               ///< candidates explored, or measurements of the race
    int total = 0;              ///< of this phase, as far as is known; limits of time may end it before
    std::optional<Record> best; ///< so far
    std::optional<double>
        seconds_left;    ///< an estimate, bounded by the budget; nothing before the first measurement
    std::string current; ///< the configuration that is being measured; empty at the end of a phase
    std::optional<Record> latest; ///< the candidate that has just been settled
};
/// Called on the thread that called tune().
using ProgressCallback = std::function<void(const Progress&)>;

struct TuneReport {
    bool hit = false;             ///< an earlier search served: nothing was compiled or measured
    std::optional<Config> config; ///< the winner's; nothing where no candidate survived
    std::optional<Record> winner;
    std::vector<Record> records;   ///< the winner, then raced, explored and failed candidates, each by time
    std::vector<std::string> ties; ///< other configurations that were as fast as the winner within the spread
    std::map<Status, int> counts;  ///< of `records`
    int compiled = 0;              ///< candidates compiled in this call
    int measured = 0;              ///< calls of Runner::measure() in this call
    int reused = 0;                ///< candidates known from an earlier or a simultaneous search
    std::size_t space = 0;         ///< configurations that the constraints admit
    bool exhausted = false;        ///< all of the space was tried
    bool budget_ended = false;     ///< the search stopped for lack of time
    bool trials_ended = false;     ///< the search stopped at the number of trials
    bool cancelled = false; ///< not remembered as finished: the next call goes on where this one stopped
    double seconds = 0;     ///< that this call took
    std::vector<std::string> warnings; ///< of the database
};

/// Why a record of the report is not the winner, in one line: "1.32x slower", "wrong: …", "tied; …". Empty
/// for the winner.
std::string why_not(const TuneReport&, const Record&);

/// Fills winner, records and counts.
void summarise(TuneReport&, std::vector<Record> records, const std::string& winner);

} // namespace chela
