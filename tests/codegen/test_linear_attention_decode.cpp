#include "codegen/arguments.hpp"
#include "codegen/error.hpp"
#include "templates/linear_attention_decode/problem.hpp"
#include "tests/codegen/complaint.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <set>

using namespace chela;
using chela::tests::complaint;

TEST_CASE("decode: the alignment is that of the state's rows") {
    CHECK(Problem(LinearAttentionDecode{.head_dim = 64}).traits["alignment"] == 16);
    CHECK(Problem(LinearAttentionDecode{.head_dim = 9, .value_dim = 60}).traits["alignment"] == 16);
    CHECK(Problem(LinearAttentionDecode{.value_dim = 60, .state_dtype = DType::bf16}).traits["alignment"] ==
          8);
    CHECK(Problem(LinearAttentionDecode{.value_dim = 33, .state_dtype = DType::bf16}).traits["alignment"] ==
          2);
    CHECK(Problem(LinearAttentionDecode{.value_dim = 33}).traits["alignment"] == 4);
    CHECK(complaint([] { Problem(LinearAttentionDecode{.alignment = 2}); }).starts_with("alignment is 2"));
    CHECK(complaint([] { Problem(LinearAttentionDecode{.tokens = 17}); }) ==
          "tokens is 17; it must be 1 to 16");
    CHECK(complaint([] { Problem(LinearAttentionDecode{.state_dtype = DType::fp16}); }) ==
          "state_dtype is 'fp16'; it must be fp32 or bf16");

    alignas(16) static std::byte memory[64];
    Arguments arguments(LinearAttentionDecode{.head_dim = 64});
    for (const char* name : {"q", "k", "v", "o"}) arguments.tensor(name, memory + 2); // elements alone
    arguments.tensor("state", memory + 4);
    CHECK(complaint([&] { arguments.check(); }).starts_with("the address of state is not a multiple of 16"));
    arguments.tensor("state", memory);
    CHECK(complaint([&] { arguments.check(); }).empty());
}

TEST_CASE("decode: the state is read and written, a pool no further than the sequences reach") {
    const Problem plain = LinearAttentionDecode{.head_dim = 64, .batch = 3, .heads = 2};
    const double tokens = 3 * 2 * 4 * 64 * 2, state = 2 * 3 * 2 * 64 * 64 * 4;
    CHECK(plain.family->ideal_bytes(plain) == tokens + state);
    const Problem pooled =
        LinearAttentionDecode{.head_dim = 64, .indexed = true, .batch = 3, .heads = 2, .pool = 1000};
    CHECK(pooled.family->ideal_bytes(pooled) == tokens + state + 3 * 4);
    CHECK(pooled.shape(pooled.family->tensor("state")) == std::vector<std::int64_t>{1000, 2, 64, 64});
}

TEST_CASE("decode: slots of a verification are in the pool, and none comes twice") {
    for (const int pool : {0, 1, 3, 8, 100}) {
        const Problem problem = LinearAttentionDecode{.indexed = true, .batch = 8, .pool = pool};
        const TensorSpec& tensor = problem.family->tensor("state_index");
        std::set<double> seen;
        const Family::TestValue slot_of = problem.family->test_values(problem, tensor, 1);
        for (std::int64_t index = 0; index < 8; ++index) {
            const double slot = slot_of(index, 0.1);
            CHECK(slot < pool);
            CHECK(slot == std::floor(slot));
            if (slot >= 0) CHECK(seen.insert(slot).second);
            CHECK(slot_of(index, 2) < 0);
        }
        CHECK(seen.size() == static_cast<std::size_t>(std::min(pool, 8)));
    }
}

TEST_CASE("decode: every default configuration is inside the search space") {
    std::vector<Target> targets = cuda_targets();
    targets.push_back(Target{});
    for (const auto& target : targets)
        for (const int d : {8, 9, 16, 60, 64, 100, 128, 200, 256})
            for (const int e : {8, 9, 16, 33, 64, 100, 128, 256})
                for (const DType state_dtype : {DType::fp32, DType::bf16})
                    for (const int alignment : {4, 16})
                        for (const bool normalize : {false, true})
                            for (const int heads : {0, 1, 16, 300, 4096}) {
                                const Problem problem = LinearAttentionDecode{.head_dim = d,
                                                                              .value_dim = e,
                                                                              .state_dtype = state_dtype,
                                                                              .alignment = alignment,
                                                                              .normalize = normalize,
                                                                              .heads = heads};
                                const Config config = default_config(target, problem);
                                CAPTURE(problem.to_string());
                                CAPTURE(config.to_string());
                                CAPTURE(target.to_string());
                                REQUIRE(config.algorithm->rejects(target, problem.traits, config.values) ==
                                        "");
                            }
}

TEST_CASE("decode: one launch, or a second for the normaliser where several blocks read it") {
    const Problem problem =
        LinearAttentionDecode{.head_dim = 64, .value_dim = 128, .normalize = true, .batch = 2, .heads = 3};
    const Target target = Target::parse("sm_80");
    Config config = default_config(target, problem);
    const auto with = [&](std::int64_t value_tile) {
        config.values.set("value_tile", value_tile);
        return config.algorithm->generate(target, problem.traits, config.values);
    };
    const Program one = with(128), two = with(32);
    REQUIRE(one.kernels.size() == 1);
    CHECK(one.kernels[0].launch.grid.evaluate(problem.extents) == 2 * 3);
    REQUIRE(two.kernels.size() == 2);
    CHECK(two.kernels[0].launch.grid.evaluate(problem.extents) == 4 * 2 * 3);
    CHECK(two.kernels[1].entry == "linear_attention_decode_normalizer");
    CHECK(two.kernels[1].launch.grid.evaluate(problem.extents) == 2 * 3);
    CHECK(two.workspace_bytes.evaluate(problem.extents) == 0);
    const Problem plain = LinearAttentionDecode{.head_dim = 64, .value_dim = 128};
    CHECK(config.algorithm->generate(target, plain.traits, config.values).kernels.size() == 1);
}
