// The CUDA bodies of the short convolution against their definition in float64, without a GPU: the very
// source that NVRTC gets, on the emulator.

#include "tests/numerics/short_conv_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("short_conv: the reduced grid on the emulator") {
    Session session = emulated("emulator:sm_80");
    run_grid(session, short_conv_grid(GridSize::reduced), 300);
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
