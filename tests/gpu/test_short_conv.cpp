// The short convolution against its definition in float64, on the GPU. Prints SKIP where there
// is none.

#include "tests/numerics/short_conv_grid.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <optional>

using namespace chela;
using namespace chela::tests;

namespace {

Session* session() {
    static std::optional<Session> instance = []() -> std::optional<Session> {
        Options options = Options::from_env();
        options.target = "cuda";
        options.cache_folder = std::filesystem::temp_directory_path() / "chela_tests_gpu";
        try {
            return Session(options);
        } catch (const DeviceError& error) {
            MESSAGE("SKIP: " << error.what());
            return std::nullopt;
        }
    }();
    return instance ? &*instance : nullptr;
}

} // namespace

TEST_CASE(
    "short_conv: the grid of traits, widths, lengths, channels, packed sequences and values, on the GPU") {
    if (!session()) return;
    const auto grid = short_conv_grid(ShortConvGrid::full);
    for (const auto& entry : grid) {
        const std::string wrong = run_case(*session(), entry);
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
    MESSAGE(grid.size() << " cases ran on " << session()->device().name());
    CHECK(grid.size() > 700);
}

TEST_CASE("short_conv: configurations from all over the search space, on the GPU") {
    if (!session()) return;
    for (const auto& problem : short_conv_spaces())
        for (const std::string& wrong : run_space(*session(), problem, 7))
            CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("short_conv: a sequence in pieces is the sequence, on the GPU") {
    if (!session()) return;
    for (const auto& [problem, pieces] : short_conv_splits())
        CHECK(split_difference(*session(), problem, pieces) < 1e-5);
}
