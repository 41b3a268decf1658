// The short-long convolution against its definition in float64, on the GPU. Prints SKIP where there is
// none.

#include "tests/numerics/short_long_conv_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE(
    "short_long_conv: the grid of arrangements, traits, lengths, kernels, channels and values, on the GPU") {
    if (!gpu_session()) return;
    run_grid(*gpu_session(), short_long_conv_grid(GridSize::full), 200);
}

TEST_CASE("short_long_conv: Fourier transforms, on the GPU") {
    if (!gpu_session()) return;
    for (const std::string& wrong : run_short_transforms(*gpu_session(), GridSize::full))
        CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("short_long_conv: configurations from all over the search space, on the GPU") {
    if (!gpu_session()) return;
    for (const auto& problem : short_long_conv_spaces())
        for (const std::string& wrong : run_space(*gpu_session(), problem, 7))
            CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("short_long_conv: the device merges kernels as the library's function does, on the GPU") {
    if (!gpu_session()) return;
    CHECK(merge_difference(*gpu_session()) == 0);
}
