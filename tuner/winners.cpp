#include "tuner/winners.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace chela {
namespace {

/// A problem on a device, whatever compiled it.
auto place(const TuningPoint& point) {
    return std::tuple(point.family, point.traits, point.extents, point.device, point.target);
}

struct Known {
    std::vector<Record> records; ///< ok ones of the latest toolchain and version
    const FinishedSearch* search = nullptr;
    std::string latest;
};

} // namespace

Exchange winners(const Exchange& all) {
    std::map<decltype(place(TuningPoint{})), Known> places;
    for (const Record& record : all.records) {
        if (record.measurement.status != Status::ok) continue;
        Known& known = places[place(record.point)];
        if (known.records.empty() || record.when > known.latest) known.latest = record.when;
        known.records.push_back(record);
    }
    Exchange result;
    for (auto& [where, known] : places) {
        const auto latest =
            std::find_if(known.records.begin(), known.records.end(), [&](const Record& record) {
                return record.when == known.latest;
            })->point;
        std::erase_if(known.records, [&](const Record& record) { return !(record.point == latest); });
        for (const FinishedSearch& search : all.searches) {
            if (search.point == latest) known.search = &search;
        }
        const std::string winner = known.search ? known.search->winner : "";
        const Record& best = *std::min_element(
            known.records.begin(), known.records.end(), [&](const Record& a, const Record& b) {
                const bool a_won = a.config == winner, b_won = b.config == winner;
                return a_won != b_won ? a_won : ranks_before(a, b);
            });
        result.records.push_back(best);
        if (best.config == winner) result.searches.push_back(*known.search);
    }
    return result;
}

} // namespace chela
