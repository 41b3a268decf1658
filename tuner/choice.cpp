#include "tuner/choice.hpp"

#include "codegen/error.hpp"
#include "tuner/bucket.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <tuple>

namespace chela {
namespace {

/// What is known of one tuning point from one source.
struct Tuned {
    TuningPoint point;
    bool shipped = false;
    std::vector<Record> records; ///< ok ones
    std::string winner;          ///< of the finished search, empty where there is none
    Choice::Kind kind = Choice::Kind::fallback;
    bool in_bucket = false; ///< of the problem's extents, on whatever device
    double doublings = 0;   ///< distance() to the problem
    std::string latest;     ///< time of the latest record
};

auto identity(const TuningPoint& point) {
    return std::tie(point.extents, point.device, point.target, point.toolchain, point.chela_version);
}
struct ByIdentity {
    bool operator()(const TuningPoint& a, const TuningPoint& b) const { return identity(a) < identity(b); }
};

void gather(const Exchange& known, bool shipped, const TuningPoint& wanted, std::vector<Tuned>& tuned) {
    std::map<TuningPoint, Tuned, ByIdentity> points;
    const auto concerns = [&](const TuningPoint& point) {
        return point.family == wanted.family && point.traits == wanted.traits &&
               point.target == wanted.target;
    };
    for (const Record& record : known.records) {
        if (!concerns(record.point) || record.measurement.status != Status::ok) continue;
        Tuned& of_point = points[record.point];
        of_point.point = record.point;
        of_point.shipped = shipped;
        of_point.records.push_back(record);
        of_point.latest = std::max(of_point.latest, record.when);
    }
    for (const FinishedSearch& search : known.searches) {
        const auto found = concerns(search.point) ? points.find(search.point) : points.end();
        if (found != points.end()) found->second.winner = search.winner;
    }
    for (auto& [point, of_point] : points) tuned.push_back(std::move(of_point));
}

/// Says how a point matches the problem; false where its extents cannot be read.
bool grade(Tuned& tuned, const Problem& problem, const TuningPoint& wanted) {
    Values extents;
    try {
        extents = values_from(problem.family->extents(), tuned.point.extents);
    } catch (const UserError&) {
        return false;
    }
    tuned.doublings = distance(*problem.family, extents, problem.extents);
    Problem other = problem;
    other.extents = extents;
    tuned.in_bucket = problem_key(other) == wanted.problem_key;
    if (tuned.point.device != wanted.device)
        tuned.kind = Choice::Kind::other_device;
    else if (extents == problem.extents)
        tuned.kind = Choice::Kind::exact;
    else
        tuned.kind = tuned.in_bucket ? Choice::Kind::bucketed : Choice::Kind::nearest;
    return true;
}

/// Whether a is preferred to b.
bool preferred(const Tuned& a, const Tuned& b, const TuningPoint& wanted) {
    const auto order = [&](const Tuned& one) {
        const bool unfinished = one.winner.empty();
        const bool in_bucket = one.kind == Choice::Kind::exact || one.kind == Choice::Kind::bucketed;
        return std::tuple(!in_bucket, in_bucket && unfinished, one.kind, one.doublings, one.shipped,
                          one.point.toolchain != wanted.toolchain, unfinished);
    };
    if (order(a) != order(b)) return order(a) < order(b);
    if (a.latest != b.latest) return a.latest > b.latest;
    return identity(a.point) < identity(b.point);
}

std::string reason(const Tuned& tuned, const Record& record) {
    const std::string what = fmt::format("{:.4g} ms on {}, measured {}{}", record.measurement.median_ms,
                                         record.point.device, record.when, tuned.shipped ? ", shipped" : "");
    if (tuned.kind == Choice::Kind::exact) return fmt::format("tuned for these extents ({})", what);
    if (tuned.kind == Choice::Kind::bucketed) {
        return fmt::format("tuned for {}, of the same bucket ({})", record.point.extents, what);
    }
    const char* where = tuned.kind == Choice::Kind::nearest ? "the nearest" : "the nearest on another device";
    return fmt::format("tuned for {}, {}, {:.1f} doublings away ({})", record.point.extents, where,
                       tuned.doublings, what);
}

} // namespace

std::string_view to_string(Choice::Kind kind) {
    constexpr std::array<std::string_view, 5> names = {"exact", "bucketed", "nearest", "other_device",
                                                       "fallback"};
    return names.at(static_cast<std::size_t>(kind));
}

Choice choose(const Problem& problem, const RunnerInfo& here, Database* database, const Exchange* shipped) {
    const TuningPoint wanted = tuning_point(problem, here);
    std::vector<Tuned> tuned;
    if (database) gather(database->candidates(wanted.family, wanted.traits), false, wanted, tuned);
    if (shipped) gather(*shipped, true, wanted, tuned);
    std::erase_if(tuned, [&](Tuned& one) {
        const bool serves = grade(one, problem, wanted);
        return !serves || (one.shipped && !(one.in_bucket && one.point.device == wanted.device));
    });
    std::sort(tuned.begin(), tuned.end(),
              [&](const Tuned& a, const Tuned& b) { return preferred(a, b, wanted); });

    int passed_over = 0;
    for (Tuned& one : tuned) {
        std::sort(one.records.begin(), one.records.end(), [&](const Record& a, const Record& b) {
            const bool a_won = a.config == one.winner, b_won = b.config == one.winner;
            return a_won != b_won ? a_won : ranks_before(a, b);
        });
        for (const Record& record : one.records) {
            try {
                return {admitted_config(*problem.family, here.target, problem.traits, record.config),
                        one.kind, reason(one, record), one.shipped};
            } catch (const UserError&) { // of another version
                ++passed_over;
            }
        }
    }
    std::string why = fmt::format("not tuned: the default rule of {}", problem.family->name());
    if (passed_over > 0)
        why += fmt::format(" ({} records name configurations that are no longer admitted)", passed_over);
    return {default_config(here.target, problem), Choice::Kind::fallback, why};
}

} // namespace chela
