// Every row of the shipped tables is held against the families of today: what no longer fits serves nobody.

#include "runtime/shipped.hpp"

#include "codegen/error.hpp"
#include "templates/families.hpp"
#include "tuner/bucket.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace chela;

namespace {

/// Why a row serves nobody; empty where it can.
std::string complaint(const Record& record) try {
    const TuningPoint& point = record.point;
    const Family& of = family(point.family);
    const Problem problem(&of, values_from(of.traits(), point.traits),
                          values_from(of.extents(), point.extents));
    if (problem.traits.to_string() != point.traits)
        return "its traits are now written '" + problem.traits.to_string() + "'";
    if (problem_key(problem) != point.problem_key) return "its key is now '" + problem_key(problem) + "'";
    const Config config = admitted_config(of, Target::parse(point.target), problem.traits, record.config);
    if (config.to_string() != record.config)
        return "its configuration is now written '" + config.to_string() + "'";
    if (record.measurement.status != Status::ok) return "its status is not ok";
    return {};
} catch (const UserError& error) {
    return error.what();
}

} // namespace

TEST_CASE("tuned tables: every row can be read and names a configuration of today's search space") {
    const Exchange& table = shipped_table();
    for (const std::string& rejected : table.rejected) FAIL_CHECK(rejected);
    for (const Record& record : table.records) {
        INFO(record.point.problem_key, " on ", record.point.device, ": ", record.config);
        CHECK(complaint(record) == "");
    }
    for (const FinishedSearch& search : table.searches) {
        const auto winner = std::ranges::find_if(table.records, [&](const Record& record) {
            return record.point == search.point && record.config == search.winner;
        });
        CHECK_MESSAGE(winner != table.records.end(), search.point.problem_key, ": the winner has no record");
    }
    MESSAGE(table.records.size() << " rows are shipped");
}
