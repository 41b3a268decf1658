// The CUDA bodies against the definition in float64, without a GPU: the very source that NVRTC gets, on the
// emulator.

#include "tests/numerics/linear_attention_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

namespace {

void run_grid(const char* target, const std::vector<GridCase>& grid, int at_least) {
    Options options = Options::from_env();
    options.target = target;
    options.cache_folder.clear();
    Session session(options);
    int run = 0, skipped = 0;
    for (const auto& entry : grid) {
        const std::string wrong = run_case(session, entry, skipped);
        CHECK_MESSAGE(wrong.empty(), wrong);
        ++run;
    }
    MESSAGE(run << " cases ran on " << session.device().name());
    CHECK(skipped == 0);
    CHECK(run > at_least);
}

} // namespace

TEST_CASE("the reduced grid on the emulator, sm_80") {
    run_grid("emulator:sm_80", linear_attention_grid(GridSize::reduced), 150);
}
TEST_CASE("the reduced grid of decay, feature maps, normaliser and packed sequences on the emulator, sm_80") {
    run_grid("emulator:sm_80", linear_attention_traits_grid(GridSize::reduced), 80);
}
TEST_CASE("the reduced grid on the emulator, sm_90a") {
    run_grid("emulator:sm_90a", linear_attention_grid(GridSize::reduced), 150);
}
TEST_CASE(
    "the reduced grid of decay, feature maps, normaliser and packed sequences on the emulator, sm_90a") {
    run_grid("emulator:sm_90a", linear_attention_traits_grid(GridSize::reduced), 80);
}

TEST_CASE("any legal order of warps and asynchronous copies gives the same result, and no race is found") {
    for (const std::uint64_t seed : {7, 8}) {
        Options options = Options::from_env();
        options.target = "emulator:sm_80";
        options.cache_folder.clear();
        options.emulator_seed = seed;
        options.emulator_check_race = true;
        Session session(options);
        for (const auto& [dtype, math] :
             {std::pair{DType::bf16, Math::ieee}, {DType::fp32, Math::ieee}, {DType::fp32, Math::tf32}})
            for (const bool causal : {true, false})
                for (const int segments : {1, 2}) {
                    LinearAttention plain{.head_dim = 32,
                                          .value_dim = 48,
                                          .causal = causal,
                                          .dtype = dtype,
                                          .math = math,
                                          .batch = 1,
                                          .length = 150,
                                          .heads = 2};
                    LinearAttention all = plain;
                    if (causal) all.decay = segments == 1 ? Decay::scalar : Decay::per_head;
                    all.feature_map = FeatureMap::exp;
                    all.normalize = all.packed = true;
                    all.batch = 2;
                    for (const LinearAttention& problem : {plain, all}) {
                        int skipped = 0;
                        const std::string wrong = run_case(session, {problem, segments, {}}, skipped);
                        CAPTURE(seed);
                        CHECK_MESSAGE(wrong.empty(), wrong);
                    }
                }
    }
}
