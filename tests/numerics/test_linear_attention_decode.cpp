// The decode step of linear attention against its definition in float64, on the CPU.

#include "tests/numerics/linear_attention_decode_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("decode: the grid of traits, sizes, layouts, decays and indices") {
    run_grid(cpu_session(), linear_attention_decode_grid(GridSize::full), 600);
}

TEST_CASE("decode: every configuration of the search space") {
    const Problem problem = LinearAttentionDecode{.head_dim = 60,
                                                  .value_dim = 100,
                                                  .decay = Decay::scalar,
                                                  .normalize = true,
                                                  .batch = 2,
                                                  .tokens = 3,
                                                  .heads = 2};
    for (const auto& config :
         search_space(*problem.family, cpu_session().device().target(), problem.traits)) {
        const std::string wrong = run_case(cpu_session(), {problem, {}}, config);
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
}

TEST_CASE("decode: a sequence in steps is the sequence") {
    for (const Decay decay : {Decay::none, Decay::per_head, Decay::scalar})
        for (const bool normalize : {false, true})
            for (const bool indexed : {false, true})
                for (const auto& steps :
                     {std::vector<int>(40, 1), std::vector{16, 1, 5, 2, 16}, std::vector{7, 7, 7, 7, 7, 5}})
                    CHECK(chained_difference(cpu_session(),
                                             {.head_dim = 64,
                                              .value_dim = 48,
                                              .dtype = DType::fp32,
                                              .decay = decay,
                                              .feature_map = FeatureMap::elu_plus_one,
                                              .normalize = normalize,
                                              .indexed = indexed,
                                              .batch = 3,
                                              .heads = 2,
                                              .pool = 6},
                                             steps) < 1e-5);
}
