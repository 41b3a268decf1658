// Linear attention against its definition in float64, on the GPU. Prints SKIP where there is none.

#include "tests/numerics/linear_attention_grid.hpp"

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

void run_grid(const std::vector<GridCase>& grid, int at_least) {
    if (!session()) return;
    compile(*session(), grid);
    int run = 0, skipped = 0;
    for (const auto& entry : grid) {
        const std::string wrong = run_case(*session(), entry, skipped);
        CHECK_MESSAGE(wrong.empty(), wrong);
        ++run;
    }
    MESSAGE(run << " cases ran on " << session()->device().name());
    CHECK(skipped == 0);
    CHECK(run > at_least);
}

} // namespace

TEST_CASE("the grid of sizes, dtypes, layouts and scales, on the GPU") {
    run_grid(linear_attention_grid(GridSize::full), 700);
}
TEST_CASE("the grid of decay, feature maps, normaliser and packed sequences, on the GPU") {
    run_grid(linear_attention_traits_grid(GridSize::full), 150);
}

TEST_CASE("a sequence in two pieces with the state carried over is the whole, on the GPU") {
    if (!session()) return;
    for (const int first : {1, 63, 64, 100, 299})
        CHECK(split_difference(*session(),
                               {.head_dim = 64,
                                .value_dim = 48,
                                .dtype = DType::fp32,
                                .batch = 2,
                                .length = 300,
                                .heads = 3},
                               first) < 1e-5);
}
