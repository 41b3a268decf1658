#include "codegen/error.hpp"
#include "templates/short_long_conv/merge.hpp"
#include "templates/short_long_conv/problem.hpp"
#include "templates/short_long_conv/reference.h"
#include "tests/codegen/complaint.hpp"

#include <doctest/doctest.h>

using namespace chela;
using chela::tests::complaint;

TEST_CASE("short_long_conv: the definitions, by hand") {
    const std::vector<double> x = {1, 2, 3}, weight = {10, 1}, kernel = {1, 100};
    std::vector<double> y(3);
    const ShortConvDefinition short_one{.batch = 1,
                                        .length = 3,
                                        .channels = 1,
                                        .width = 2,
                                        .history = 1,
                                        .pool = 1,
                                        .x = x,
                                        .weight = weight};
    const LongConvDefinition long_one{
        .batch = 1, .length = 3, .channels = 1, .kernel_length = 2, .x = x, .kernel = kernel, .y = y};
    short_long_conv_sequential(short_one, long_one); // the short one gives 1, 12, 23
    CHECK(y == std::vector<double>{1, 112, 1223});
    short_long_conv_parallel(short_one, long_one); // the long one gives 1, 102, 203
    CHECK(y == std::vector<double>{2, 114, 226});
}

TEST_CASE("merge_kernels: the taps of the short kernel from the newest input on, each sum rounded once") {
    const std::vector<float> kernel = {1, 2, 3, 4, 5, 6}, weight = {10, 20, 30, 0.1f};
    CHECK(merge_kernels(kernel, weight, 2, 3, 2) == std::vector<float>{21, 12, 3, 4.1f, 35, 6});
    CHECK(complaint([&] { (void)merge_kernels(kernel, weight, 3, 2, 3); }) ==
          "kernel_length is 2; it must be at least width, 3");
    CHECK(complaint([&] { (void)merge_kernels(kernel, weight, 2, 3, 3); }) ==
          "weight has 4 entries; it must have 6");
}

TEST_CASE("short_long_conv: what contradicts itself is refused") {
    CHECK(complaint([] {
              (void)Problem(ShortLongConv{.arrangement = Arrangement::parallel, .bias = true});
          }).starts_with("bias is true and arrangement is 'parallel'"));
    CHECK(complaint([] { (void)Problem(ShortLongConv{.kernel_length = 31}); }) ==
          "kernel_length is 31; it must be 32 to 4194304");
}

TEST_CASE("short_long_conv: one launch, two of them, or one and a preparing one") {
    const Target target = Target::parse("sm_80");
    const auto program = [&](const ShortLongConv& description, bool fused) {
        const Problem problem = description;
        Config config = default_config(target, problem);
        config.values.set("fused", fused);
        return config.algorithm->generate(target, problem.traits, config.values);
    };
    const ShortLongConv sequential{.dtype = DType::fp32, .batch = 2, .length = 100, .channels = 10};
    ShortLongConv parallel = sequential;
    parallel.arrangement = Arrangement::parallel;
    CHECK(program(sequential, true).kernels.size() == 1);
    const Program two = program(sequential, false);
    CHECK(two.kernels.size() == 2);
    CHECK(two.workspace_bytes.evaluate(Problem(sequential).extents) == 2 * 100 * 12 * 4);
    const Program merging = program(parallel, true);
    REQUIRE(merging.kernels.size() == 2);
    CHECK(merging.kernels[0].prepares);
    CHECK_FALSE(merging.kernels[1].prepares);
    CHECK(merging.prepared_bytes.evaluate(Problem(parallel).extents) == 12 * 1024 * 4);
    CHECK(merging.prepared_from == std::vector<std::string>{"kernel", "weight"});
}

TEST_CASE("short_long_conv: a transform's launches compute the short convolution, where they are fused") {
    const Target target = Target::parse("sm_90a");
    const auto launches = [&](ShortLongConv description, const char* algorithm, bool fused) {
        description.batch = 2, description.length = description.kernel_length = 20000;
        const Problem problem = description;
        const Algorithm& with = problem.family->algorithm(algorithm);
        Config config{&with, with.default_config(target, problem)};
        config.values.set("fused", fused);
        int count = 0;
        for (const Kernel& kernel : with.generate(target, problem.traits, config.values).kernels)
            count += kernel.prepares ? 0 : 1;
        return count;
    };
    const ShortLongConv rows{.layout = ConvLayout::channels_first}, columns;
    ShortLongConv parallel = rows;
    parallel.arrangement = Arrangement::parallel;
    CHECK(launches(rows, "fft_split", true) == 3);
    CHECK(launches(rows, "fft_split", false) == 4);
    CHECK(launches(parallel, "fft_split", true) == 3);
    CHECK(launches(columns, "fft_split", true) == 5); // rows are turned before and after
    CHECK(launches(columns, "fft_split", false) == 6);
}

TEST_CASE("short_long_conv: every default configuration is inside the search space") {
    std::vector<Target> targets = cuda_targets();
    targets.push_back(Target{});
    for (const auto& target : targets)
        for (const Arrangement arrangement : {Arrangement::sequential, Arrangement::parallel})
            for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first})
                for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32})
                    for (const int width : {2, 4, 32})
                        for (const int batch : {1, 8})
                            for (const int length : {0, 1, 100, 1024, 65536}) {
                                const Problem problem = ShortLongConv{.arrangement = arrangement,
                                                                      .width = width,
                                                                      .layout = layout,
                                                                      .dtype = dtype,
                                                                      .batch = batch,
                                                                      .length = length,
                                                                      .kernel_length = std::max(32, length)};
                                const Config config = default_config(target, problem);
                                CAPTURE(problem.to_string());
                                CAPTURE(config.to_string());
                                REQUIRE(config.algorithm->rejects(target, problem.traits, config.values) ==
                                        "");
                            }
}
