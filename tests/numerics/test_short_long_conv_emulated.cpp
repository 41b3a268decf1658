// The short-long convolution against its definition in float64, without a GPU: the very
// source that NVRTC gets, on the emulator.

#include "tests/numerics/short_long_conv_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("short_long_conv: the reduced grid on the emulator") {
    Session session = emulated("emulator:sm_80");
    run_grid(session, short_long_conv_grid(GridSize::reduced), 100);
}

TEST_CASE("short_long_conv: Fourier transforms, emulated") {
    Session session = emulated("emulator:sm_90a", 9, true);
    for (const std::string& wrong : run_short_transforms(session, GridSize::reduced))
        CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("short_long_conv: configurations from all over the search space, emulated") {
    Session session = emulated("emulator:sm_80");
    for (const auto& problem : short_long_conv_spaces())
        for (const std::string& wrong : run_space(session, problem, 83)) CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("short_long_conv: the device merges kernels as the library's function does, emulated") {
    Session session = emulated("emulator:sm_80");
    CHECK(merge_difference(session) == 0);
}

TEST_CASE("short_long_conv: any legal order of warps gives the same result, and no race is found") {
    for (const std::uint64_t seed : {7, 8}) {
        Session session = emulated("emulator:sm_90a", seed, true);
        for (const auto& problem : short_long_conv_spaces()) {
            const std::string wrong = run_case(session, {problem, {}});
            CAPTURE(seed);
            CHECK_MESSAGE(wrong.empty(), wrong);
        }
    }
}
