// Linear attention against its definition in float64, on the GPU. Prints SKIP where there is none.

#include "tests/numerics/linear_attention_grid.hpp"
#include "tests/numerics/shared_keys.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("the grid of sizes, dtypes, layouts and scales, on the GPU") {
    if (gpu_session()) run_grid(*gpu_session(), linear_attention_grid(GridSize::full), 700);
}
TEST_CASE("the grid of decay, feature maps, normaliser and packed sequences, on the GPU") {
    if (gpu_session()) run_grid(*gpu_session(), linear_attention_traits_grid(GridSize::full), 150);
}

TEST_CASE("a sequence in two pieces with the state carried over is the whole, on the GPU") {
    if (!gpu_session()) return;
    for (const int first : {1, 63, 64, 100, 299})
        CHECK(split_difference(*gpu_session(),
                               {.head_dim = 64,
                                .value_dim = 48,
                                .dtype = DType::fp32,
                                .batch = 2,
                                .length = 300,
                                .heads = 3},
                               first) < 1e-5);
}

TEST_CASE("one head of keys and values for all heads of queries, on the GPU") {
    if (!gpu_session()) return;
    for (const bool causal : {true, false})
        CHECK(shared_keys_difference(
                  *gpu_session(),
                  LinearAttention{.head_dim = 64, .causal = causal, .batch = 2, .length = 300, .heads = 5}) <
              6e-3);
}
