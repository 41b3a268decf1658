// What the tuner does with what is already known: hits, interrupted searches, cancellation, limits.

#include "tests/tuner/toy.hpp"
#include "tuner/tune.hpp"

#include <chrono>
#include <doctest/doctest.h>
#include <set>
#include <stdexcept>

using namespace chela;

namespace {

int work(const toy::Runner& runner) { return runner.compiles + static_cast<int>(runner.measured.size()); }

/// Tunes with a fresh runner and returns how much work it did.
int work_of(Database& database, const Problem& problem, const TuneOptions& options = {},
            const RunnerInfo& info = toy::info()) {
    toy::Runner runner;
    runner.info_ = info;
    const TuneReport report = tune(runner, database, problem, options);
    CHECK(report.hit == (work(runner) == 0));
    CHECK(report.winner);
    return work(runner);
}

} // namespace

TEST_CASE("hit: the second search compiles nothing and measures nothing") {
    const toy::Folder folder;
    toy::Runner runner;
    Database first(folder / "tuning.sqlite");
    const TuneReport before = tune(runner, first, toy::problem());
    toy::Runner idle;
    Database second(folder / "tuning.sqlite");
    const TuneReport after = tune(idle, second, toy::problem());
    CHECK(after.hit);
    CHECK(idle.compiles == 0);
    CHECK(idle.measured.empty());
    CHECK(after.compiled == 0);
    CHECK(after.measured == 0);
    CHECK(after.exhausted);
    CHECK(after.winner->config == before.winner->config);
    CHECK(after.config == before.config);
    CHECK(after.counts == before.counts);
    CHECK(after.ties == before.ties);
    REQUIRE(after.records.size() == before.records.size());
    for (std::size_t i = 0; i < after.records.size(); ++i)
        CHECK(after.records[i].config == before.records[i].config);
}

TEST_CASE("hit: another length of the same bucket; no hit: any other problem, device, toolchain or target") {
    Database database(":memory:");
    CHECK(work_of(database, toy::problem(8, 16, 4096)) > 0);
    CHECK(work_of(database, toy::problem(8, 16, 4000)) == 0);
    CHECK(work_of(database, toy::problem(16, 8, 5000)) == 0);
    CHECK(work_of(database, toy::problem(8, 16, 8192)) > 0);
    Problem other = toy::problem();
    other.traits.set("causal", 0);
    CHECK(work_of(database, other) > 0);
    RunnerInfo info = toy::info("toy two");
    CHECK(work_of(database, toy::problem(), {}, info) > 0);
    info = toy::info();
    info.toolchain = "toy compiler 2";
    CHECK(work_of(database, toy::problem(), {}, info) > 0);
    info = toy::info();
    info.target = Target::parse("sm_80");
    CHECK(work_of(database, toy::problem(), {}, info) > 0);
    CHECK(work_of(database, toy::problem()) == 0);
}

TEST_CASE("force: everything is compiled and measured again") {
    Database database(":memory:");
    const int all = work_of(database, toy::problem());
    CHECK(work_of(database, toy::problem(), {.force = true}) == all);
    CHECK(work_of(database, toy::problem()) == 0);
}

TEST_CASE(
    "limits: a search that was given less is no hit for one that is given more, but what it knows is used") {
    Database database(":memory:");
    CHECK(work_of(database, toy::problem(), {.trials = 10}) > 0);
    CHECK(work_of(database, toy::problem(), {.trials = 10}) == 0);
    CHECK(work_of(database, toy::problem(), {.trials = 5}) == 0);
    toy::Runner runner;
    const TuneReport more = tune(runner, database, toy::problem(), {.trials = 30});
    CHECK_FALSE(more.hit);
    CHECK(more.trials_ended);
    CHECK(more.records.size() == 30);
    CHECK(more.reused >= 5);
    CHECK(more.compiled == 30 - more.reused);
    CHECK(work_of(database, toy::problem()) > 0);
    CHECK(work_of(database, toy::problem()) == 0);
    CHECK(work_of(database, toy::problem(), {.trials = 10}) == 0);
    CHECK(work_of(database, toy::problem(), {.budget_seconds = 1}) == 0);
}

TEST_CASE("limits: the budget ends the search and is known to have done so") {
    toy::Runner runner;
    runner.measure_seconds = 0.01;
    Database database(":memory:");
    const auto start = std::chrono::steady_clock::now();
    const TuneReport report = tune(runner, database, toy::problem(), {.budget_seconds = 0.25});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    CHECK(report.budget_ended);
    CHECK_FALSE(report.exhausted);
    CHECK(took.count() < 0.4); // the budget, a measurement, and a busy machine
    CHECK(report.seconds <= took.count());
    CHECK(report.records.size() < report.space);
    CHECK(report.winner);
    CHECK(work_of(database, toy::problem(), {.budget_seconds = 0.25}) == 0);
    CHECK(work_of(database, toy::problem(), {.budget_seconds = 0.1}) == 0);
    CHECK(work_of(database, toy::problem(), {.budget_seconds = 20}) > 0);
}

TEST_CASE("limits: the smallest budget still serves a candidate that was verified and timed") {
    toy::Runner runner;
    runner.measure_seconds = 0.01;
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem(), {.budget_seconds = 1e-6});
    CHECK(report.budget_ended);
    REQUIRE(report.winner);
    CHECK(report.winner->config == toy::default_text);
}

TEST_CASE("limits: the budget left for the race is used") {
    toy::Runner runner;
    runner.measure_seconds = 0.004;
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem(), {.budget_seconds = 0.4});
    CHECK(runner.measures(Effort::thorough) >= 4);
    CHECK(report.winner->effort == Effort::thorough);
}

TEST_CASE("interruption: what was measured before the process ended is not measured again") {
    const toy::Folder folder;
    std::set<std::string> known;
    {
        toy::Runner runner;
        runner.on_measure = [](int call, const Config&, Effort, Measurement&) {
            if (call == 21) throw std::runtime_error("power failure");
        };
        Database database(folder / "tuning.sqlite");
        CHECK_THROWS_WITH(tune(runner, database, toy::problem()), "power failure");
        for (const Record& one : database.records(tuning_point(toy::problem(), toy::info())))
            known.insert(one.config);
    }
    CHECK(known.size() >= 20);
    toy::Runner runner;
    Database database(folder / "tuning.sqlite");
    const TuneReport report = tune(runner, database, toy::problem());
    CHECK_FALSE(report.hit);
    CHECK(report.exhausted);
    CHECK(report.reused == static_cast<int>(known.size()));
    CHECK(report.compiled == static_cast<int>(report.space - known.size()));
    CHECK(report.winner->config == toy::best);
    for (const auto& [config, effort] : runner.measured) {
        if (effort == Effort::quick) CHECK_FALSE(known.contains(config));
    }
    CHECK(work_of(database, toy::problem()) == 0);
}

TEST_CASE("interruption: an exception of the compiler's thread reaches the caller") {
    toy::Runner runner;
    runner.on_compile = [&](const Config&) {
        if (runner.compiles == 9) throw std::runtime_error("no memory");
    };
    Database database(":memory:");
    CHECK_THROWS_WITH(tune(runner, database, toy::problem()), "no memory");
}

TEST_CASE(
    "cancellation: stops after the current measurement, keeps what is known, and is not a finished search") {
    toy::Runner runner;
    std::stop_source stop;
    SUBCASE("while exploring") {
        runner.on_measure = [&](int call, const Config&, Effort, Measurement&) {
            if (call == 12) stop.request_stop();
        };
    }
    SUBCASE("while racing") {
        runner.on_measure = [&](int, const Config&, Effort effort, Measurement&) {
            if (effort == Effort::thorough) stop.request_stop();
        };
    }
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem(), {}, {}, stop.get_token());
    CHECK(report.cancelled);
    CHECK_FALSE(report.budget_ended);
    CHECK(report.winner);
    CHECK(runner.measures(Effort::thorough) <= 1);
    CHECK(database.finished_searches(report.winner->point).empty());

    toy::Runner again;
    const TuneReport resumed = tune(again, database, toy::problem());
    CHECK_FALSE(resumed.hit);
    CHECK(resumed.reused == static_cast<int>(report.records.size()));
    CHECK(resumed.winner->config == toy::best);
}

TEST_CASE("cancellation: before it has begun") {
    toy::Runner runner;
    std::stop_source stop;
    stop.request_stop();
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem(), {}, {}, stop.get_token());
    CHECK(report.cancelled);
    CHECK_FALSE(report.winner);
    CHECK(runner.measured.empty());
}

TEST_CASE("a winner that is no longer admitted is no hit") {
    Database database(":memory:");
    work_of(database, toy::problem());
    const TuningPoint point = tuning_point(toy::problem(), toy::info());
    FinishedSearch search = database.finished_searches(point).front();
    search.winner = "tiles tile=64 turbo=9";
    Record record = toy::record(toy::problem(), toy::info(), search.winner, 0.5);
    database.put(search);
    database.put(record);
    CHECK(work_of(database, toy::problem()) > 0);
}

TEST_CASE("a space that has grown since is searched on, without measuring the old again") {
    Database database(":memory:");
    work_of(database, toy::problem());
    const TuningPoint point = tuning_point(toy::problem(), toy::info());
    // As if one configuration had not been in the space of the earlier search.
    const FinishedSearch search = database.finished_searches(point).front();
    std::vector<Record> records = database.records(point);
    std::erase_if(records, [](const Record& one) { return one.config == "plain unroll=4"; });
    database.clear();
    for (const Record& one : records) database.put(one);
    database.put(search);
    toy::Runner runner;
    const TuneReport report = tune(runner, database, toy::problem());
    CHECK_FALSE(report.hit);
    CHECK(report.compiled == 1);
    CHECK(report.winner->config == toy::best);
}
