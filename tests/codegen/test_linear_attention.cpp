#include "templates/families.hpp"
#include "templates/linear_attention/problem.hpp"
#include "tests/codegen/complaint.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace chela;
using chela::tests::complaint;

TEST_CASE("traits become canonical, so that equal problems are equal") {
    CHECK(Problem(LinearAttention{.head_dim = 64}) ==
          Problem(LinearAttention{.head_dim = 64, .value_dim = 64, .alignment = 16}));
    CHECK(Problem(LinearAttention{.head_dim = 60}).traits["alignment"] == 8);
    CHECK(Problem(LinearAttention{.head_dim = 60, .dtype = DType::fp32}).traits["alignment"] == 16);
    CHECK(Problem(LinearAttention{.head_dim = 64, .value_dim = 9}).traits["alignment"] == 2);
    CHECK(Problem(LinearAttention{.head_dim = 60, .alignment = 16}).traits["alignment"] == 8);
}

TEST_CASE("contradictions and values out of range are refused") {
    CHECK(complaint([] {
              Problem(LinearAttention{.math = Math::tf32});
          }).starts_with("math is 'tf32' with dtype bf16"));
    CHECK(complaint([] { Problem(LinearAttention{.head_dim = 7}); }) == "head_dim is 7; it must be 8 to 256");
    CHECK(complaint([] { Problem(LinearAttention{.value_dim = 257}); }) ==
          "value_dim is 257; it must be 8 to 256");
    CHECK(complaint([] { Problem(LinearAttention{.alignment = 3}); }).starts_with("alignment is 3"));
    CHECK(complaint([] {
              Problem(LinearAttention{.dtype = DType::fp32, .alignment = 2});
          }).starts_with("alignment is 2"));
    CHECK(complaint([] { Problem(LinearAttention{.length = -1}); }).starts_with("length is -1"));
}

TEST_CASE("every default configuration is inside the search space") {
    std::vector<Target> targets = cuda_targets();
    targets.push_back(Target{});
    int checked = 0;
    for (const auto& target : targets)
        for (const int d : {8, 9, 16, 60, 64, 100, 128, 200, 256})
            for (const int e : {8, 16, 33, 64, 100, 128, 256})
                for (const bool causal : {true, false})
                    for (const auto& [dtype, math] : {std::pair{DType::bf16, Math::ieee},
                                                      {DType::fp32, Math::ieee},
                                                      {DType::fp32, Math::tf32}}) {
                        if (math == Math::tf32 && target.backend == Backend::cpu) continue;
                        for (const int length : {0, 100, 100000}) {
                            const Problem problem = LinearAttention{.head_dim = d,
                                                                    .value_dim = e,
                                                                    .causal = causal,
                                                                    .dtype = dtype,
                                                                    .math = math,
                                                                    .length = length};
                            const Config config = default_config(target, problem);
                            CAPTURE(problem.to_string());
                            CAPTURE(config.to_string());
                            CAPTURE(target.to_string());
                            REQUIRE(config.algorithm->rejects(target, problem.traits, config.values) == "");
                            ++checked;
                        }
                    }
    CHECK(checked > 5000);
}

TEST_CASE("the search space holds no configuration twice and none that a constraint rejects") {
    const Problem problem = LinearAttention{.head_dim = 128};
    const Target target = Target::parse("sm_90a");
    std::set<std::string> seen;
    for (const auto& config : search_space(*problem.family, target, problem.traits)) {
        CHECK(config.algorithm->rejects(target, problem.traits, config.values) == "");
        CHECK(seen.insert(config.to_string()).second);
    }
    CHECK(seen.size() > 100);
}

TEST_CASE("the plan: one launch per head, or three with a workspace") {
    const Problem problem =
        LinearAttention{.head_dim = 64, .value_dim = 128, .batch = 2, .length = 4096, .heads = 3};
    const Target target = Target::parse("sm_80");
    Config config = default_config(target, problem);
    config.values.set("segments", 1);
    const Program one = config.algorithm->generate(target, problem.traits, config.values);
    REQUIRE(one.kernels.size() == 1);
    CHECK(one.workspace_bytes.evaluate(problem.extents) == 0);
    CHECK(one.kernels[0].launch.grid.evaluate(problem.extents) ==
          2 * 3 * (128 / config.values["value_tile"]));
    config.values.set("segments", 4);
    const Program split = config.algorithm->generate(target, problem.traits, config.values);
    REQUIRE(split.kernels.size() == 3);
    CHECK(split.kernels[0].entry == "linear_attention_states");
    CHECK(split.kernels[1].entry == "linear_attention_scan");
    CHECK(split.kernels[2].entry == "linear_attention_forward");
    CHECK(split.workspace_bytes.evaluate(problem.extents) == 4 * 2 * 3 * 64 * 128 * 4);
    CHECK(split.workspace_bytes.to_string() == "131072 * batch * heads");
}
