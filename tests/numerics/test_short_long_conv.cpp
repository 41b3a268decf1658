// The short-long convolution against its definition in float64, on the CPU.

#include "tests/numerics/short_long_conv_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("short_long_conv: the grid of arrangements, traits, lengths, kernels, channels and values") {
    run_grid(cpu_session(), short_long_conv_grid(GridSize::full), 200);
}

TEST_CASE("short_long_conv: configurations from all over the search space") {
    for (const auto& problem : short_long_conv_spaces())
        for (const std::string& wrong : run_space(cpu_session(), problem, 5))
            CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("short_long_conv: the device merges kernels as the library's function does") {
    CHECK(merge_difference(cpu_session()) == 0);
}
