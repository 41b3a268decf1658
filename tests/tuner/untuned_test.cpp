// A search never makes a problem slower than it was without one.

#include "tests/tuner/toy.hpp"
#include "tuner/tune.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace chela;

TEST_CASE("tune: the default races, and what is no faster does not replace it, however the device drifts") {
    // The default is 2 % faster than the optimum, as fast, or 2 % slower; when candidates are explored, the
    // device is such that the default looks worst. A device that warms up makes each measurement 1 % slower
    // than the one before.
    for (const double default_ms : {0.98, 1.004, 1.02}) {
        for (unsigned seed = 0; seed < 20; ++seed) {
            CAPTURE(default_ms);
            CAPTURE(seed);
            std::mt19937 random(seed);
            double heat = 1;
            toy::Runner runner;
            runner.on_measure = [&](int, const Config& config, Effort effort, Measurement& measurement) {
                const bool is_default = config.to_string() == toy::default_text;
                if (is_default) measurement.median_ms = effort == Effort::quick ? 5 : default_ms;
                if (effort == Effort::thorough) heat *= 1.01;
                std::uniform_real_distribution<double> noise(0.999, 1.001);
                measurement.median_ms *= heat * noise(random);
                measurement.spread_ms = 0.026 * measurement.median_ms;
            };
            Database database(":memory:");
            const TuneReport report = tune(runner, database, toy::problem());
            REQUIRE(report.winner);
            CHECK(report.winner->config == (default_ms < 1.01 ? toy::default_text : toy::best));
            CHECK(report.ties.size() == (default_ms == 1.004 ? 1 : 0));
        }
    }
}

TEST_CASE("tune: what is served untuned, where it is not the default, races in its place") {
    const std::string served = "tiles tile=128 warps=1 stages=1"; // far from the best
    toy::Runner runner;
    runner.on_measure = [&](int, const Config& config, Effort effort, Measurement& measurement) {
        if (config.to_string() == served && effort == Effort::thorough) measurement.median_ms = 1;
    };
    Database database(":memory:");
    const TuneReport report = tune(runner, database, toy::problem(), {.untuned = toy::config(served)});
    CHECK(runner.measured.front().first == served);
    CHECK(report.winner->config == served);
}
