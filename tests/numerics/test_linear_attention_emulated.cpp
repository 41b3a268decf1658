// The CUDA bodies against the definition in float64, without a GPU: the very source that NVRTC gets, on the
// emulator.

#include "tests/numerics/linear_attention_grid.hpp"
#include "tests/numerics/shared_keys.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("the reduced grid on the emulator, sm_80") {
    Session session = emulated("emulator:sm_80");
    run_grid(session, linear_attention_grid(GridSize::reduced), 150);
}
TEST_CASE("the reduced grid of decay, feature maps, normaliser and packed sequences on the emulator, sm_80") {
    Session session = emulated("emulator:sm_80");
    run_grid(session, linear_attention_traits_grid(GridSize::reduced), 80);
}
TEST_CASE("the reduced grid on the emulator, sm_90a") {
    Session session = emulated("emulator:sm_90a");
    run_grid(session, linear_attention_grid(GridSize::reduced), 150);
}
TEST_CASE(
    "the reduced grid of decay, feature maps, normaliser and packed sequences on the emulator, sm_90a") {
    Session session = emulated("emulator:sm_90a");
    run_grid(session, linear_attention_traits_grid(GridSize::reduced), 80);
}

TEST_CASE("any legal order of warps and asynchronous copies gives the same result, and no race is found") {
    for (const auto& [target, seed] :
         {std::pair{"emulator:sm_80", std::uint64_t{7}}, {"emulator:sm_80", 8}, {"emulator:sm_90a", 9}}) {
        Session session = emulated(target, seed, true);
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
                    LinearAttention narrow =
                        plain; // rows aligned to an element: not all is copied asynchronously
                    narrow.alignment = static_cast<int>(size_of(dtype));
                    if (causal) narrow.decay = Decay::scalar;
                    for (const LinearAttention& problem : {plain, all, narrow}) {
                        const std::string wrong = run_case(session, {problem, {}, segments});
                        CAPTURE(seed);
                        CHECK_MESSAGE(wrong.empty(), wrong);
                    }
                }
    }
}

TEST_CASE("one head of keys and values for all heads of queries, by TMA on the emulator") {
    Session session = emulated("emulator:sm_90a");
    const LinearAttention problem{.head_dim = 64, .batch = 1, .length = 100, .heads = 3};
    CHECK(session.get(problem).config().values.text("tma") == "loads");
    CHECK(shared_keys_difference(session, problem) < 6e-3);
}
