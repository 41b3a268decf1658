#include "tuner/tune.hpp"

#include "codegen/error.hpp"
#include "tests/tuner/toy.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>
#include <set>

using namespace chela;

namespace {

const Record& record_of(const TuneReport& report, const std::string& config) {
    const auto found = std::find_if(report.records.begin(), report.records.end(),
                                    [&](const Record& record) { return record.config == config; });
    REQUIRE(found != report.records.end());
    return *found;
}

} // namespace

TEST_CASE("tune: the whole space where nothing limits it, and the optimum wins") {
    toy::Runner runner;
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem());
    CHECK_FALSE(report.hit);
    CHECK(report.exhausted);
    CHECK_FALSE(report.budget_ended);
    CHECK_FALSE(report.trials_ended);
    CHECK_FALSE(report.cancelled);
    REQUIRE(report.winner);
    CHECK(report.winner->config == toy::best);
    CHECK(report.config == toy::config(toy::best));
    CHECK(report.winner->effort == Effort::thorough);
    CHECK(report.winner->measurement.samples == 300); // six rounds
    CHECK(report.winner->measurement.compile_ms == 120);
    CHECK(report.space == toy::space().size());
    CHECK(report.compiled == static_cast<int>(report.space));
    CHECK(runner.compiles == report.compiled);
    CHECK(report.measured == static_cast<int>(runner.measured.size()));
    CHECK(runner.measures(Effort::thorough) == 30); // of the best four and of the default
    CHECK(runner.measured.front().first == toy::default_text);
    CHECK(report.warnings.empty());

    // Every candidate, whatever came of it, is in the report and in the database.
    CHECK(report.records.size() == report.space);
    CHECK(database.records(tuning_point(toy::problem(), toy::info())).size() == report.space);
    std::map<Status, int> counts;
    for (const Config& config : toy::space())
        ++counts[runner.compile(toy::problem(), config).status == Status::ok ? toy::truth(config).status
                                                                             : Status::compile_error];
    CHECK(report.counts == counts);
    for (const Status status : {Status::wrong, Status::compile_error, Status::hung, Status::crashed}) {
        CHECK(report.counts.at(status) > 0);
    }
    CHECK(report.records.front().config == toy::best);
    CHECK(std::is_sorted(report.records.begin() + 5, report.records.end(), ranks_before));
}

TEST_CASE("tune: the fast but wrong candidate never wins, whatever the seed and the limits") {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        for (const int trials : {0, 3, 20}) {
            CAPTURE(seed);
            CAPTURE(trials);
            toy::Runner runner;
            Database database(":memory:");
            const TuneReport report =
                tune(runner, database, toy::problem(), {.trials = trials, .seed = seed});
            REQUIRE(report.winner);
            CHECK(report.winner->measurement.status == Status::ok);
            CHECK(report.winner->measurement.median_ms >= 1);
        }
    }
}

TEST_CASE("tune: a candidate that turns out wrong under the closer look loses") {
    toy::Runner runner;
    runner.on_measure = [](int, const Config& config, Effort effort, Measurement& measurement) {
        if (effort == Effort::thorough && config.to_string() == toy::best) {
            measurement.status = Status::wrong;
            measurement.relative_error = 0.5;
        }
    };
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem());
    REQUIRE(report.winner);
    CHECK(report.winner->config != toy::best);
    CHECK(record_of(report, toy::best).measurement.status == Status::wrong);
    CHECK(why_not(report, record_of(report, toy::best)) == "wrong by 0.5");
    CHECK(database.find(report.winner->point, toy::best)->measurement.status == Status::wrong);
    CHECK(std::count_if(runner.measured.begin(), runner.measured.end(), [](const auto& one) {
              return one.first == toy::best;
          }) == 2); // once quickly, once thoroughly: not again after it failed
}

TEST_CASE("tune: where all finalists fail under the closer look, the next best take their places") {
    std::set<std::string> failed;
    toy::Runner runner;
    runner.on_measure = [&](int, const Config& config, Effort effort, Measurement& measurement) {
        if (effort == Effort::quick) return;
        if (failed.size() < 5) failed.insert(config.to_string());
        if (failed.contains(config.to_string())) measurement.status = Status::unstable;
    };
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem());
    REQUIRE(report.winner);
    CHECK(failed.size() == 5);
    CHECK_FALSE(failed.contains(report.winner->config));
    CHECK(report.winner->effort == Effort::thorough);
    CHECK(report.counts.at(Status::unstable) == 5);
}

TEST_CASE("tune: finalists are measured in turns") {
    toy::Runner runner;
    Database database(":memory:");
    tune(runner, database, toy::problem());
    const auto last = runner.measured.end();
    for (auto round = last - 30; round != last; round += 5) {
        std::set<std::string> finalists;
        for (auto one = round; one != round + 5; ++one) finalists.insert(one->first);
        CHECK(finalists.size() == 5);
    }
    CHECK((last - 30)->first != (last - 25)->first); // and none is always first
}

TEST_CASE("tune: noise does not change the winner among ties, and ties are told") {
    // Two candidates of equal speed; the one with less shared memory wins whichever is luckier.
    const std::string lean = "tiles tile=32 warps=4 stages=3";
    std::set<std::string> winners;
    for (unsigned seed = 0; seed < 20; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        toy::Runner runner;
        runner.on_measure = [&](int, const Config& config, Effort, Measurement& measurement) {
            if (config.to_string() == lean) measurement.median_ms = 1;
            std::uniform_real_distribution<double> noise(0.995, 1.005);
            measurement.median_ms *= noise(random);
            measurement.spread_ms = 0.01 * measurement.median_ms;
        };
        Database database(":memory:");
        const TuneReport report = tune(runner, database, toy::problem());
        winners.insert(report.winner->config);
        CHECK(report.ties == std::vector<std::string>{toy::best});
        CHECK(why_not(report, record_of(report, toy::best)).starts_with("tied"));
    }
    CHECK(winners == std::set{lean});
}

TEST_CASE("tune: why the others lost") {
    toy::Runner runner;
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem());
    CHECK(why_not(report, report.records.front()).empty());
    CHECK(why_not(report, record_of(report, "plain unroll=1")) == "3.10x slower");
    CHECK(why_not(report, record_of(report, toy::fast_but_wrong)) == "wrong by 0.7: o, seed 3");
    CHECK(why_not(report, record_of(report, "tiles tile=64 warps=1 stages=4")) ==
          "compile error: line 7: expected ';'");
    CHECK(why_not(report, record_of(report, "tiles tile=16 warps=8 stages=2")) == "hung: no end after 10 s");
    CHECK(why_not(report, record_of(report, "tiles tile=16 warps=2 stages=1")) == "crashed: signal 11");
}

TEST_CASE("tune: compiles ahead while it measures, on several threads") {
    toy::Runner runner;
    runner.compile_seconds = 0.004;
    runner.measure_seconds = 0.002;
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem(), {.trials = 24, .compile_threads = 3});
    CHECK(report.compiled == 24);
    CHECK(runner.most_compiling == 3);
    CHECK(runner.measured_while_compiling > 5);
}

TEST_CASE("tune: never measures while it compiles where that disturbs timing") {
    toy::Runner runner;
    runner.info_.compiling_disturbs_timing = true;
    runner.compile_seconds = 0.002;
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem(), {.trials = 24});
    CHECK(report.compiled == 24);
    CHECK(runner.most_compiling == 2);
    CHECK(runner.measured_while_compiling == 0);
}

TEST_CASE("tune: no candidate survives") {
    toy::Runner runner;
    runner.on_measure = [](int, const Config&, Effort, Measurement& measurement) {
        measurement.status = Status::launch_error;
    };
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem());
    CHECK_FALSE(report.winner);
    CHECK_FALSE(report.config);
    CHECK(report.records.size() == report.space);
    CHECK(report.counts.size() == 2); // launch and compile errors
    CHECK(runner.measures(Effort::thorough) == 0);
    // The device may be well again: it is no hit, and what failed to launch is tried anew.
    runner.on_measure = nullptr;
    CHECK(tune(runner, database, toy::problem()).winner->config == toy::best);
}

TEST_CASE("tune: progress tells done, total, the best so far, the time left and the current candidate") {
    toy::Runner runner;
    runner.measure_seconds = 0.001;
    Database database(":memory:");
    std::vector<Progress> events;
    const TuneReport report = tune(runner, database, toy::problem(), {.trials = 20},
                                   [&](const Progress& event) { events.push_back(event); });
    CHECK(report.trials_ended);
    int settled = 0;
    double best = 1e9;
    for (const Progress& event : events) {
        if (event.phase == Progress::Phase::racing) break;
        CHECK(event.total == 20);
        CHECK(event.latest.has_value() == event.current.empty());
        settled += event.latest.has_value();
        CHECK(event.done == settled);
        if (event.best) CHECK(event.best->measurement.median_ms <= best);
        if (event.best) best = event.best->measurement.median_ms;
    }
    CHECK(settled == 20);
    CHECK(events.back().phase == Progress::Phase::racing);
    CHECK(events.back().done == 30);
    CHECK(events.back().total == 30);
    CHECK(events.back().seconds_left == doctest::Approx(0));
    CHECK(events[10].seconds_left.value() > 0);
}

TEST_CASE("tune: a candidate that does not count is never told as the best so far") {
    toy::Runner runner;
    runner.on_measure = [](int, const Config& config, Effort, Measurement& measurement) {
        if (config.to_string() != toy::default_text) return;
        measurement.status = Status::wrong;
        measurement.median_ms = 0.01;
    };
    Database database(":memory:");
    tune(runner, database, toy::problem(), {.trials = 20}, [](const Progress& event) {
        if (event.best) CHECK(event.best->measurement.status == Status::ok);
        if (event.best) CHECK(event.best->config != toy::default_text);
    });
}

TEST_CASE("tune: bad options and problems are refused") {
    toy::Runner runner;
    Database database(":memory:");
    CHECK_THROWS_WITH_AS(tune(runner, database, toy::problem(), {.trials = -1}),
                         "trials is -1; it must be 0 (no limit) or more", UserError);
    CHECK_THROWS_AS(tune(runner, database, toy::problem(), {.budget_seconds = -1}), UserError);
    CHECK_THROWS_AS(tune(runner, database, toy::problem(), {.budget_seconds = std::nan("")}), UserError);
    CHECK_THROWS_AS(tune(runner, database, toy::problem(), {.finalists = 0}), UserError);
    CHECK_THROWS_AS(tune(runner, database, toy::problem(), {.rounds = 0}), UserError);
    CHECK_THROWS_AS(tune(runner, database, toy::problem(), {.compile_threads = -2}), UserError);
    CHECK(runner.compiles == 0);
}

TEST_CASE("tune: only the algorithms that serve the traits are tried") {
    toy::Runner runner;
    Database database(":memory:");
    Problem large = toy::problem();
    large.traits.set("size", 200);
    const TuneReport report = tune(runner, database, large);
    CHECK(report.space == 3);
    CHECK(report.winner->config == "plain unroll=1");
}
