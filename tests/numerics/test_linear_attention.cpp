// Linear attention against its definition in float64, on the CPU.

#include "runtime/reference_slices.hpp"
#include "tests/numerics/linear_attention_grid.hpp"
#include "tests/numerics/shared_keys.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("the grid of sizes, dtypes, layouts and scales") {
    run_grid(cpu_session(), linear_attention_grid(GridSize::full), 500);
}

TEST_CASE("decay, feature maps, the normaliser and packed sequences") {
    run_grid(cpu_session(), linear_attention_traits_grid(GridSize::full), 150);
}

TEST_CASE("the reference of packed sequences is sliced by heads alone, and a slice is that of the whole") {
    const Problem problem = LinearAttention{.head_dim = 16,
                                            .decay = Decay::scalar,
                                            .normalize = true,
                                            .packed = true,
                                            .batch = 4,
                                            .length = 90,
                                            .heads = 7};
    const VerifyOptions options{.seed = 3};
    const ReferenceSlices some = reference_slices(problem, options, 1),
                          all = reference_slices(problem, options);
    CHECK(some.extents == std::vector<std::string>{"heads"});
    REQUIRE(some.slices.size() == 2);
    REQUIRE(all.slices.size() == 7);
    for (const ReferenceSlice& slice : some.slices)
        for (const char* name : {"o", "final_state", "final_normalizer"})
            CHECK(slice.outputs.at(name).data ==
                  all.slices[static_cast<std::size_t>(slice.index[0])].outputs.at(name).data);
    CHECK(all.slices[1].outputs.at("o").data != all.slices[2].outputs.at("o").data);
}

TEST_CASE("a sequence in two pieces with the state carried over is the whole") {
    for (const Decay decay : {Decay::none, Decay::per_head, Decay::scalar})
        for (const bool normalize : {false, true})
            for (const int first : {1, 63, 64, 100, 299}) {
                CAPTURE(static_cast<int>(decay));
                CAPTURE(normalize);
                CHECK(split_difference(cpu_session(),
                                       {.head_dim = 64,
                                        .value_dim = 48,
                                        .dtype = DType::fp32,
                                        .decay = decay,
                                        .normalize = normalize,
                                        .batch = 2,
                                        .length = 300,
                                        .heads = 3},
                                       first) < 1e-5);
            }
}

TEST_CASE("one head of keys and values for all heads of queries") {
    for (const bool causal : {true, false})
        CHECK(shared_keys_difference(
                  cpu_session(),
                  LinearAttention{.head_dim = 64, .causal = causal, .batch = 2, .length = 300, .heads = 5}) <
              6e-3);
}
