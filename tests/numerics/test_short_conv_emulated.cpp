// The CUDA bodies of the short convolution against their definition in float64, without a GPU: the very
// source that NVRTC gets, on the emulator.

#include "tests/numerics/short_conv_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

namespace {

Session emulated(const char* target, std::uint64_t seed = 0, bool check_race = false) {
    Options options = Options::from_env();
    options.target = target;
    options.cache_folder.clear();
    options.emulator_seed = seed;
    options.emulator_check_race = check_race;
    return Session(options);
}

} // namespace

TEST_CASE("short_conv: the reduced grid on the emulator") {
    Session session = emulated("emulator:sm_80");
    const auto grid = short_conv_grid(ShortConvGrid::reduced);
    for (const auto& entry : grid) {
        const std::string wrong = run_case(session, entry);
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
    MESSAGE(grid.size() << " cases ran on " << session.device().name());
    CHECK(grid.size() > 300);
}

TEST_CASE("short_conv: a sequence in pieces is the sequence, emulated") {
    Session session = emulated("emulator:sm_80");
    for (const auto& [problem, pieces] : short_conv_splits())
        if (pieces.size() < 20) CHECK(split_difference(session, problem, pieces) < 1e-5);
}

TEST_CASE("short_conv: any legal order of warps gives the same result, and no race is found") {
    for (const std::uint64_t seed : {7, 8}) {
        Session session = emulated("emulator:sm_90a", seed, true);
        for (const auto& problem : short_conv_spaces()) {
            const std::string wrong = run_case(session, {problem, {}});
            CAPTURE(seed);
            CHECK_MESSAGE(wrong.empty(), wrong);
        }
    }
}
