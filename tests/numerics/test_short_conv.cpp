// The short convolution against its definition in float64, on the CPU.

#include "tests/numerics/short_conv_grid.hpp"

#include <doctest/doctest.h>
#include <filesystem>

using namespace chela;
using namespace chela::tests;

namespace {

Session& session() {
    static Session instance([] {
        Options options = Options::from_env();
        options.target = "cpu";
        options.cache_folder = std::filesystem::temp_directory_path() / "chela_tests_numerics";
        return options;
    }());
    return instance;
}

} // namespace

TEST_CASE("short_conv: the grid of traits, widths, lengths, channels, packed sequences and values") {
    const auto grid = short_conv_grid(ShortConvGrid::full);
    for (const auto& entry : grid) {
        const std::string wrong = run_case(session(), entry);
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
    MESSAGE(grid.size() << " cases ran on " << session().device().name());
    CHECK(grid.size() > 700);
}

TEST_CASE("short_conv: configurations from all over the search space") {
    for (const auto& problem : short_conv_spaces())
        for (const std::string& wrong : run_space(session(), problem, 3)) CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("short_conv: a sequence in pieces is the sequence") {
    for (const auto& [problem, pieces] : short_conv_splits())
        CHECK(split_difference(session(), problem, pieces) < 1e-5);
}
