// The short convolution against its definition in float64, on the CPU.

#include "tests/numerics/short_conv_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("short_conv: the grid of traits, widths, lengths, channels, packed sequences and values") {
    run_grid(cpu_session(), short_conv_grid(GridSize::full), 700);
}

TEST_CASE("short_conv: configurations from all over the search space") {
    for (const auto& problem : short_conv_spaces())
        for (const std::string& wrong : run_space(cpu_session(), problem, 3))
            CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("short_conv: a sequence in pieces is the sequence") {
    for (const auto& [problem, pieces] : short_conv_splits())
        CHECK(split_difference(cpu_session(), problem, pieces) < 1e-5);
}
