#include "tuner/winners.hpp"

#include "tests/tuner/toy.hpp"

#include <doctest/doctest.h>

using namespace chela;

namespace {

std::string tiles(int tile) { return "tiles tile=" + std::to_string(tile) + " warps=1 stages=1"; }

Record record(const Problem& problem, int tile, double ms, const std::string& when = "2026-11-22T10:11:12Z") {
    Record one = toy::record(problem, toy::info(), tiles(tile), ms);
    one.when = when;
    return one;
}

} // namespace

TEST_CASE("winners: the winner of a finished search with the search, else the fastest that counts") {
    const Problem finished = toy::problem(8, 16, 1024), open = toy::problem(8, 16, 2048),
                  bad = toy::problem(8, 16, 64);
    Record wrong = record(open, 128, 0.1), failed = record(bad, 16, 1);
    wrong.measurement.status = failed.measurement.status = Status::wrong;
    Exchange all{
        .records = {record(finished, 16, 1), record(finished, 32, 1.004), record(open, 16, 2),
                    record(open, 64, 1), wrong, failed},
        .searches = {{.point = tuning_point(finished, toy::info()), .winner = tiles(32), .when = utc_now()}},
        .rejected = {}};
    const Exchange best = winners(all);
    REQUIRE(best.records.size() == 2);
    CHECK(best.records[0].config == tiles(32));
    CHECK(best.records[1].config == tiles(64));
    REQUIRE(best.searches.size() == 1);
    CHECK(best.searches[0].winner == tiles(32));
    CHECK(winners(best).records.size() == 2); // nothing is lost by doing it again
    CHECK(winners(best).searches.size() == 1);
    CHECK(exchange_from_json(to_json(best)).rejected.empty());
}

TEST_CASE("winners: of several toolchains the latest counts; other devices are problems of their own") {
    const Problem problem = toy::problem();
    Record newer = record(problem, 64, 5, "2026-12-01T00:00:00Z"), other = record(problem, 32, 1);
    newer.point.toolchain = "toy compiler 2";
    other.point.device = "toy two";
    const Exchange best =
        winners({.records = {record(problem, 16, 1), newer, other}, .searches = {}, .rejected = {}});
    REQUIRE(best.records.size() == 2);
    CHECK(best.records[0].config == tiles(64));
    CHECK(best.records[1].config == tiles(32));
}
