#include "codegen/family.hpp"
#include "tests/space/problems.hpp"

#include <doctest/doctest.h>
#include <random>
#include <set>

using namespace chela;

namespace {

std::set<std::string> texts_of(const std::vector<Config>& space) {
    std::set<std::string> texts;
    for (const Config& config : space) texts.insert(config.to_string());
    return texts;
}

/// The problem with each extent between 1 and as much as its bits are drawn to be.
Problem with_random_extents(Problem problem, std::mt19937& random) {
    for (const Field& extent : problem.family->extents()) {
        const std::int64_t largest =
            std::min(problem.family->largest_extent(problem.traits, problem.extents, extent),
                     std::int64_t{1} << random() % 18);
        problem.extents.set(extent.name, std::max<std::int64_t>(extent.minimum, 1 + random() % largest));
    }
    return problem;
}

} // namespace

TEST_CASE("defaults are in the search space, which is no larger than a tuner can see a good part of") {
    const unsigned seed = 20261126;
    MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    for (const char* name : {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a", "cpu"}) {
        const Target target = Target::parse(name);
        CAPTURE(name);
        for (const auto& [extents, every] : space::problems()) {
            const Problem& problem = extents.front();
            const std::vector<Config> space = search_space(*problem.family, target, problem.traits);
            const std::set<std::string> texts = texts_of(space);
            CAPTURE(problem.to_string());
            CHECK(texts.size() == space.size());
            CHECK(space.size() < 500);
            for (int draw = 0; draw < 40; ++draw) {
                const Problem sized = with_random_extents(problem, random);
                for (const Algorithm* algorithm : problem.family->algorithms()) {
                    if (!algorithm->rejects(target, problem.traits).empty()) continue;
                    const Config config{algorithm, algorithm->default_config(target, sized)};
                    CAPTURE(sized.extents.to_string());
                    CHECK_MESSAGE(texts.contains(config.to_string()), config.to_string());
                }
            }
        }
    }
}
