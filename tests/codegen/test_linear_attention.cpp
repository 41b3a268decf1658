#include "templates/families.hpp"
#include "templates/linear_attention/problem.hpp"
#include "tests/codegen/complaint.hpp"

#include <cmath>
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

TEST_CASE("what is not causal has no decay") {
    for (const Decay decay : {Decay::per_head, Decay::scalar}) {
        CHECK(complaint([&] { Problem(LinearAttention{.decay = decay}); }).empty());
        CHECK(complaint([&] {
                  Problem(LinearAttention{.causal = false, .decay = decay});
              }).starts_with("decay is '"));
    }
}

TEST_CASE("the definition with everything in it, by hand") {
    // Head 0 of one sequence of two tokens, D = E = 8, of which all but the first elements are zero.
    const Problem problem = LinearAttention{.head_dim = 8,
                                            .dtype = DType::fp32,
                                            .decay = Decay::scalar,
                                            .feature_map = FeatureMap::squared_relu,
                                            .normalize = true,
                                            .packed = true,
                                            .batch = 2,
                                            .length = 2};
    HostTensors tensors;
    const auto rows = [](double first, double second) {
        HostTensor tensor{{1, 2, 1, 8}, std::vector<double>(16, 0.0)};
        tensor.data[0] = first, tensor.data[8] = second;
        return tensor;
    };
    tensors["q"] = rows(3, 1), tensors["k"] = rows(2, 1), tensors["v"] = rows(5, 7);
    tensors["gate"] = {{1, 2, 1}, {-0.5, -1}};
    tensors["cu_seqlens"] = {{3}, {0, 2, 2}};
    tensors["initial_state"] = {{2, 1, 8, 8}, std::vector<double>(128, 0.0)};
    tensors["initial_state"].data[0] = 11, tensors["initial_state"].data[64] = 13;
    problem.family->reference(problem, {{"scale", 0.5}, {"epsilon", 0.25}}, tensors);
    const double state_1 = std::exp(-0.5) * 11 + 4 * 5, state_2 = std::exp(-1) * state_1 + 7;
    const double sum_1 = 4, sum_2 = std::exp(-1) * sum_1 + 1;
    CHECK(tensors["o"].data[0] == doctest::Approx(4.5 * state_1 / (4.5 * sum_1 + 0.25)));
    CHECK(tensors["o"].data[8] == doctest::Approx(0.5 * state_2 / (0.5 * sum_2 + 0.25)));
    CHECK(tensors["final_state"].data[0] == doctest::Approx(state_2));
    CHECK(tensors["final_state"].data[64] == 13); // of the empty sequence
    CHECK(tensors["final_normalizer"].data[0] == doctest::Approx(sum_2));
    CHECK(tensors["final_normalizer"].data[8] == 0);
}

TEST_CASE("offsets of packed sequences are drawn in order, from 0 to the length, some of them equal") {
    int empty = 0;
    for (const int batch : {1, 2, 3, 17})
        for (const int length : {0, 1, 16, 333}) {
            const Problem problem =
                LinearAttention{.head_dim = 16, .packed = true, .batch = batch, .length = length};
            const Family::TestValue offset_of =
                problem.family->test_values(problem, problem.family->tensor("cu_seqlens"), 1e3);
            for (int seed = 0; seed < 20; ++seed) {
                double before = 0;
                for (int i = 0; i <= batch; ++i) {
                    const double random = std::sin(static_cast<double>(seed * 31 + i * 7)) * 3.4;
                    const double value = offset_of(i, random);
                    if (i == 0) CHECK(value == 0);
                    if (i == batch) CHECK(value == length);
                    CHECK(value >= before);
                    CHECK(value == std::floor(value));
                    empty += i > 0 && length > 100 && value == before;
                    before = value;
                }
            }
        }
    CHECK(empty > 10);
}

TEST_CASE("the CPU serves every combination of traits, by a configuration of its space") {
    int checked = 0;
    for (const Decay decay : {Decay::none, Decay::per_head, Decay::scalar})
        for (const bool causal : {true, false})
            for (const bool normalize : {false, true})
                for (const bool packed : {false, true})
                    for (const int dim : {8, 100, 256}) {
                        if (!causal && decay != Decay::none) continue;
                        const Problem problem = LinearAttention{.head_dim = dim,
                                                                .causal = causal,
                                                                .decay = decay,
                                                                .feature_map = FeatureMap::silu,
                                                                .normalize = normalize,
                                                                .packed = packed,
                                                                .batch = 3,
                                                                .length = 10000};
                        const Config config = default_config(Target{}, problem);
                        CHECK(config.algorithm->rejects(Target{}, problem.traits, config.values) == "");
                        ++checked;
                    }
    CHECK(checked == 48);
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

TEST_CASE("pieces by default all run side by side on the device at hand, and are 4 chunks or longer") {
    Target target = Target::parse("sm_90a");
    SUBCASE("H100") {}
    SUBCASE("H100 PCIe") { target.multiprocessors = 114; }
    SUBCASE("H20") { target.multiprocessors = 78; }
    SUBCASE("a seventh of an H100") { target.multiprocessors = 16; }
    CAPTURE(target.multiprocessors);
    int cut = 0;
    for (const int head_dim : {64, 128, 256})
        for (const bool causal : {true, false})
            for (const int length : {512, 4096, 8000, 131072})
                for (int heads = 1; heads <= 140; ++heads) {
                    const Problem problem = LinearAttention{
                        .head_dim = head_dim, .causal = causal, .batch = 1, .length = length, .heads = heads};
                    const Values config = default_config(target, problem).values;
                    const std::int64_t segments = config["segments"], tile = config["value_tile"];
                    CAPTURE(problem.to_string());
                    CAPTURE(config.to_string());
                    const std::int64_t blocks = heads * ((head_dim + tile - 1) / tile) * segments;
                    if (segments == 1) continue;
                    ++cut;
                    CHECK(blocks <= target.multiprocessors);
                    CHECK(length >= segments * 4 * config["chunk"]);
                }
    CHECK(cut > 3 * target.multiprocessors);
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
