// The short convolution against its definition in float64, on the GPU. Prints SKIP where there
// is none.

#include "tests/numerics/short_conv_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE(
    "short_conv: the grid of traits, widths, lengths, channels, packed sequences and values, on the GPU") {
    if (!gpu_session()) return;
    run_grid(*gpu_session(), short_conv_grid(GridSize::full), 700);
}

TEST_CASE("short_conv: configurations from all over the search space, on the GPU") {
    if (!gpu_session()) return;
    for (const auto& problem : short_conv_spaces())
        for (const std::string& wrong : run_space(*gpu_session(), problem, 3))
            CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("short_conv: a sequence in pieces is the sequence, on the GPU") {
    if (!gpu_session()) return;
    for (const auto& [problem, pieces] : short_conv_splits())
        CHECK(split_difference(*gpu_session(), problem, pieces) < 1e-5);
}
