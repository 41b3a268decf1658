#include "tuner/search.hpp"

#include "tests/tuner/toy.hpp"

#include <doctest/doctest.h>
#include <map>
#include <set>

using namespace chela;

namespace {

std::vector<Config> defaults() {
    return {default_config(toy::info().target, toy::problem()), toy::config("plain unroll=1")};
}

/// Proposes everything, reporting the truth, and returns the order.
std::vector<std::string> run(SearchOrder& order) {
    std::vector<std::string> texts;
    while (const auto config = order.next()) {
        texts.push_back(config->to_string());
        const Measurement measurement = toy::truth(*config);
        const bool ok = measurement.status == Status::ok;
        order.report(*config, ok ? std::optional(measurement.median_ms) : std::nullopt);
    }
    return texts;
}

} // namespace

TEST_CASE("search order: every configuration once, the defaults first") {
    const auto space = toy::space();
    SearchOrder order(space, defaults(), 1, 10);
    CHECK(order.size() == space.size());
    const auto texts = run(order);
    CHECK(texts.size() == space.size());
    CHECK(std::set(texts.begin(), texts.end()).size() == space.size());
    CHECK(texts[0] == toy::default_text);
    CHECK(texts[1] == "plain unroll=1");
    CHECK_FALSE(order.next());
}

TEST_CASE("search order: a default outside the space is tried too") {
    SearchOrder order(toy::space(), {toy::config("tiles tile=80 warps=4 stages=2")}, 1, 10);
    CHECK(order.size() == toy::space().size() + 1);
    CHECK(order.next()->to_string() == "tiles tile=80 warps=4 stages=2");
    CHECK(run(order).size() == toy::space().size());
}

TEST_CASE("search order: depends on the seed and on nothing else") {
    const auto texts = [](std::uint64_t seed) {
        SearchOrder order(toy::space(), defaults(), seed, 10);
        return run(order);
    };
    CHECK(texts(1) == texts(1));
    CHECK(texts(1) != texts(2));
}

TEST_CASE("search order: the sample spreads over all values of all tunables and over the algorithms") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(seed);
        SearchOrder order(toy::space(), defaults(), seed, 14);
        std::map<std::string, int> algorithms;
        std::set<std::pair<std::size_t, std::int64_t>> values;
        for (int i = 0; i < 16; ++i) {
            const Config config = *order.next();
            ++algorithms[std::string(config.algorithm->name())];
            if (config.algorithm->name() != "tiles") continue;
            for (std::size_t tunable = 0; tunable < 3; ++tunable)
                values.emplace(tunable, config.values.at(tunable));
        }
        CHECK(values.size() == 12);      // four values of each of three tunables
        CHECK(algorithms["plain"] == 3); // all there are
    }
}

TEST_CASE("search order: refinement walks to the optimum long before the space is used up") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(seed);
        SearchOrder order(toy::space(), defaults(), seed, 6);
        const auto texts = run(order);
        const auto found = std::find(texts.begin(), texts.end(), toy::best) - texts.begin();
        CHECK(found < 30); // of 63
    }
}

TEST_CASE("search order: after the sample come neighbours of the best, one tunable changed, the nearest "
          "value first") {
    SearchOrder order(toy::space(), {toy::config(toy::best)}, 3, 0);
    order.report(*order.next(), 1.0);
    for (int i = 0; i < 3; ++i) {
        const Config neighbour = *order.next(); // nothing else is reported, so the best stays the best
        int changed = 0;
        for (std::size_t tunable = 0; tunable < 3; ++tunable) {
            changed += neighbour.values.at(tunable) != toy::config(toy::best).values.at(tunable);
        }
        CHECK(changed == 1);
    }
}

TEST_CASE("search order: where one change leaves the space, a second one is made with it") {
    // tile * stages may be 256 at most: with three or four stages the nearest tile is 64.
    SearchOrder order(toy::space(), {toy::config("tiles tile=128 warps=2 stages=2")}, 3, 0);
    order.report(*order.next(), 1.0);
    for (int i = 0; i < 3 + 3 + 1; ++i) order.next(); // other tiles, warps, and one stage
    CHECK(order.next()->to_string() == "tiles tile=64 warps=2 stages=3");
    CHECK(order.next()->to_string() == "tiles tile=64 warps=2 stages=4");
}

TEST_CASE("search order: what does not count is no centre of refinement") {
    SearchOrder order(toy::space(), {toy::config(toy::fast_but_wrong), toy::config(toy::best)}, 3, 0);
    order.report(*order.next(), std::nullopt);
    order.report(*order.next(), 1.0);
    const Config neighbour = *order.next();
    CHECK(neighbour.values["tile"] != 128);
}
