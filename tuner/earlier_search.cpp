#include "tuner/earlier_search.hpp"

#include "codegen/error.hpp"
#include "tuner/race.hpp"

#include <algorithm>
#include <set>

namespace chela {
namespace {

bool covers(const FinishedSearch& search, const TuneOptions& options) {
    const auto allows = [](double had, double wanted) { return had == 0 || (wanted != 0 && had >= wanted); };
    if (options.trials > 0 && search.candidates >= options.trials) return true;
    return allows(search.budget_seconds, options.budget_seconds) && allows(search.trials, options.trials);
}

/// The space may have grown since it was exhausted.
bool tried_all(const std::vector<Record>& records, const std::vector<Config>& space) {
    std::set<std::string_view> known;
    for (const Record& record : records) known.insert(record.config);
    return std::all_of(space.begin(), space.end(),
                       [&](const Config& config) { return known.contains(config.to_string()); });
}

std::vector<std::string> ties_with(const Record& winner, const std::vector<Record>& records) {
    std::vector<std::string> ties;
    for (const Record& record : records) {
        const bool raced = record.measurement.status == Status::ok && record.effort == winner.effort;
        if (!raced || record.config == winner.config) continue;
        const bool faster = record.measurement.median_ms < winner.measurement.median_ms;
        if (faster ? tied(record.measurement, winner.measurement)
                   : tied(winner.measurement, record.measurement)) {
            ties.push_back(record.config);
        }
    }
    return ties;
}

} // namespace

std::optional<TuneReport> earlier_search(Database& database, const Problem& problem, const TuningPoint& point,
                                         const std::vector<Config>& space, const TuneOptions& options) {
    const Target target = Target::parse(point.target);
    for (const FinishedSearch& search : database.finished_searches(point)) {
        const auto winner = database.find(search.point, search.winner);
        if (!winner || winner->measurement.status != Status::ok) continue;
        auto records = database.records(search.point);
        const bool complete =
            search.exhausted && winner->effort == Effort::thorough; // else the race was cut short
        if (complete ? !tried_all(records, space) : !covers(search, options)) continue;
        TuneReport report;
        try {
            report.config = admitted_config(*problem.family, target, problem.traits, search.winner);
        } catch (const UserError&) { // of another version
            continue;
        }
        report.hit = true;
        report.exhausted = search.exhausted;
        report.ties = ties_with(*winner, records);
        summarise(report, std::move(records), search.winner);
        return report;
    }
    return std::nullopt;
}

} // namespace chela
