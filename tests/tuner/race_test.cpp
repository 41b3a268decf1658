#include "tuner/race.hpp"

#include "tests/tuner/toy.hpp"

#include <doctest/doctest.h>

using namespace chela;

namespace {

Measurement time(double median_ms, double spread_ms) {
    Measurement measurement;
    measurement.median_ms = median_ms;
    measurement.spread_ms = spread_ms;
    measurement.samples = 10;
    return measurement;
}

std::vector<std::string> decided(std::vector<Contender> contenders) {
    std::vector<std::string> texts;
    for (const Contender& one : decide(toy::problem(), toy::info().target, std::move(contenders))) {
        texts.push_back(one.config.to_string());
    }
    return texts;
}

const Config small = toy::config("tiles tile=32 warps=4 stages=2");
const Config large = toy::config("tiles tile=64 warps=4 stages=3");

} // namespace

TEST_CASE("race: closer than the spread is a tie, but never further than 1 %") {
    CHECK(tied(time(1, 0.01), time(1.009, 0.001)));
    CHECK(tied(time(1, 0.001), time(1.009, 0.01)));
    CHECK_FALSE(tied(time(1, 0.01), time(1.011, 0.01)));
    CHECK_FALSE(tied(time(1, 0.01), time(1.05, 5))); // noise does not win
    CHECK(tied(time(1, 0.5), time(1.01 - 1e-9, 0.5)));
    CHECK_FALSE(tied(time(1, 0.5), time(1.01 + 1e-9, 0.5)));
    CHECK(tied(time(1, 0), time(1, 0)));
}

TEST_CASE("race: a clear lead wins whatever it takes from the device") {
    CHECK(decided({{small, time(1.1, 0.01)}, {large, time(1, 0.01)}}) == std::vector{large.to_string()});
}

TEST_CASE("race: a tie goes to the smaller footprint, whichever was faster") {
    const std::vector both{small.to_string(), large.to_string()};
    CHECK(decided({{small, time(1.005, 0.01)}, {large, time(1, 0.01)}}) == both);
    CHECK(decided({{large, time(1, 0.01)}, {small, time(1.005, 0.01)}}) == both);
    CHECK(decided({{small, time(1, 0.01)}, {large, time(1.005, 0.01)}}) == both);
}

TEST_CASE("race: a tie goes to the default before anything else, a lead does not") {
    CHECK(decided({{small, time(1, 0.01)}, {large, time(1.005, 0.01), {}, true}}) ==
          std::vector{large.to_string(), small.to_string()});
    CHECK(decided({{small, time(1, 0.01)}, {large, time(1.02, 0.01), {}, true}}) ==
          std::vector{small.to_string()});
}

TEST_CASE(
    "race: rounds are compared each by itself: what slows the device down between them does not count") {
    // `large` is 2 % faster in every round; the medians and the spread of the rounds say nothing.
    const std::vector<double> slow{1.00, 1.50, 1.20, 1.10, 1.30};
    std::vector<double> fast;
    for (const double ms : slow) fast.push_back(ms / 1.02);
    CHECK(decided({{small, time(1.2, 0.5), slow}, {large, time(1.2, 0.5), fast}}) ==
          std::vector{large.to_string()});
}

TEST_CASE("race: an equal footprint goes by the configuration's text") {
    const Config a = toy::config("plain unroll=1"), b = toy::config("plain unroll=2");
    CHECK(decided({{b, time(1, 0.1)}, {a, time(1, 0.1)}}) == std::vector{a.to_string(), b.to_string()});
}

TEST_CASE("race: several rounds are one measurement, and drift is spread") {
    const Measurement one = combine({time(1.0, 0.01), time(1.2, 0.02), time(1.1, 0.03)});
    CHECK(one.median_ms == doctest::Approx(1.1));
    CHECK(one.spread_ms == doctest::Approx(0.2));
    CHECK(one.samples == 30);
    CHECK(combine({time(1, 0.5), time(1, 0.3)}).spread_ms == doctest::Approx(0.4));
    CHECK(combine({time(1, 0), time(3, 0)}).median_ms == doctest::Approx(2));
}
