// The decode step of linear attention against its definition in float64, on the GPU. Prints SKIP where there
// is none.

#include "tests/numerics/linear_attention_decode_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("decode: the grid of traits, sizes, layouts, decays and indices, on the GPU") {
    if (!gpu_session()) return;
    run_grid(*gpu_session(), linear_attention_decode_grid(GridSize::full), 600);
}

TEST_CASE("decode: every configuration of the search space, on the GPU") {
    if (!gpu_session()) return;
    const Problem problem = LinearAttentionDecode{.head_dim = 128,
                                                  .state_dtype = DType::bf16,
                                                  .decay = Decay::scalar,
                                                  .normalize = true,
                                                  .batch = 2,
                                                  .tokens = 3,
                                                  .heads = 2};
    for (const auto& config :
         search_space(*problem.family, gpu_session()->device().target(), problem.traits)) {
        const std::string wrong = run_case(*gpu_session(), {problem, {}}, config);
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
}

TEST_CASE("decode: a sequence in steps is the sequence, on the GPU") {
    if (!gpu_session()) return;
    for (const Decay decay : {Decay::none, Decay::per_head, Decay::scalar})
        for (const bool normalize : {false, true})
            CHECK(chained_difference(*gpu_session(),
                                     {.head_dim = 64,
                                      .value_dim = 48,
                                      .dtype = DType::fp32,
                                      .decay = decay,
                                      .feature_map = FeatureMap::elu_plus_one,
                                      .normalize = normalize,
                                      .indexed = normalize,
                                      .batch = 3,
                                      .heads = 2,
                                      .pool = 6},
                                     {1, 1, 5, 16, 2, 1}) < 1e-5);
}
