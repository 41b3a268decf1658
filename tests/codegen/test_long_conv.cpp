#include "codegen/error.hpp"
#include "templates/long_conv/problem.hpp"
#include "templates/long_conv/reference_fft.h"
#include "tests/codegen/complaint.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <random>

using namespace chela;
using chela::tests::complaint;

TEST_CASE("long_conv: the definition, by hand") {
    const std::vector<double> x = {1, 2, 3, 4}, kernel = {10, 100, 1000}, backward = {7, 0.5, 0.25},
                              skip = {5};
    const auto run = [&](std::span<const double> kernel_backward, std::span<const double> skips) {
        std::vector<double> y(4);
        long_conv_reference({.batch = 1,
                             .length = 4,
                             .channels = 1,
                             .kernel_length = 3,
                             .x = x,
                             .kernel = kernel,
                             .kernel_backward = kernel_backward,
                             .skip = skips,
                             .y = y});
        return y;
    };
    CHECK(run({}, {}) == std::vector<double>{10, 120, 1230, 2340});
    CHECK(run({}, skip) == std::vector<double>{15, 130, 1245, 2360});
    CHECK(run(backward, {}) ==
          std::vector<double>{11.75, 122.5, 1232, 2340}); // backward[0] has no part in it
}

TEST_CASE("long_conv: the reference by Fourier transforms is the definition") {
    std::mt19937_64 random(5);
    const auto values = [&](std::size_t count) {
        std::vector<double> list(count);
        for (double& value : list) value = std::normal_distribution<>()(random);
        return list;
    };
    constexpr std::size_t batch = 2, channels = 3;
    for (const std::size_t length : {0, 1, 2, 63, 64, 65, 500, 1021})
        for (const std::size_t kernel_length : {1, 2, 64, 101, 1021, 1500})
            for (const bool bidirectional : {false, true})
                for (const bool channels_first : {false, true}) {
                    const auto x = values(batch * length * channels),
                               kernel = values(channels * kernel_length),
                               backward = values(channels * kernel_length), skip = values(channels);
                    std::vector<double> slow(x.size()), fast(x.size());
                    LongConvDefinition of{.batch = batch,
                                          .length = length,
                                          .channels = channels,
                                          .kernel_length = kernel_length,
                                          .channels_first = channels_first,
                                          .x = x,
                                          .kernel = kernel,
                                          .y = slow};
                    if (bidirectional) of.kernel_backward = backward, of.skip = skip;
                    long_conv_reference(of);
                    of.y = fast;
                    long_conv_reference_fft(of);
                    double difference = 0, size = 0;
                    for (std::size_t i = 0; i < x.size(); ++i) {
                        difference += (slow[i] - fast[i]) * (slow[i] - fast[i]);
                        size += slow[i] * slow[i];
                    }
                    CAPTURE(length);
                    CAPTURE(kernel_length);
                    CHECK(std::sqrt(difference) <= 1e-14 * std::sqrt(size));
                }
}

TEST_CASE("long_conv: the reach is that of the extents, and a launch may not exceed it") {
    const auto reach = [](const LongConv& problem) { return Problem(problem).traits["reach"]; };
    CHECK(reach({.length = 1000, .kernel_length = 1000}) == 1024);
    CHECK(reach({.length = 100000, .kernel_length = 100}) == 128);
    CHECK(reach({.bidirectional = true, .length = 100000, .kernel_length = 100}) == 256);
    CHECK(reach({.bidirectional = true, .length = 100, .kernel_length = 100}) == 128);
    CHECK(reach({.length = 1, .kernel_length = 1}) == 64);
    CHECK(complaint([] {
              (void)Problem(LongConv{.reach = 64, .length = 100, .kernel_length = 65});
          }).starts_with("kernel_length is 65; it must be at most 64"));
    CHECK(complaint([] {
              (void)Problem(LongConv{.reach = 100});
          }).starts_with("reach is 100; it must be a power of two"));
}

TEST_CASE("long_conv: the alignment is that of the rows, of channels or of tokens") {
    const auto alignment = [](const LongConv& problem) { return Problem(problem).traits["alignment"]; };
    CHECK(alignment({.channels = 2048}) == 16);
    CHECK(alignment({.channels = 100}) == 8);
    CHECK(alignment({.channels = 101}) == 2);
    CHECK(alignment({.dtype = DType::fp32, .channels = 101}) == 4);
    CHECK(alignment({.layout = ConvLayout::channels_first, .length = 100, .channels = 101}) == 8);
    CHECK(alignment({.alignment = 16, .channels = 101}) == 16); // the rows are padded
}

TEST_CASE("long_conv: what is out of range is refused") {
    CHECK(complaint([] { (void)Problem(LongConv{.kernel_length = 0}); }) ==
          "kernel_length is 0; it must be 1 to 4194304");
    CHECK(complaint([] {
              (void)Problem(LongConv{.dtype = DType::fp32, .alignment = 2});
          }).starts_with("alignment is 2; it must be 4, 8 or 16"));
}

TEST_CASE("long_conv: a state is of a causal convolution, in the layout of x") {
    CHECK(complaint([] {
              (void)Problem(LongConv{.bidirectional = true, .state = ConvState::carried});
          }).starts_with("state is 'carried' and bidirectional is true"));
    LongConv problem{.state = ConvState::carried, .batch = 2, .length = 7, .kernel_length = 4, .channels = 5};
    const auto shape = [&] { return Problem(problem).shape(long_conv_family().tensor("final_state")); };
    CHECK(shape() == std::vector<std::int64_t>{2, 3, 5});
    problem.layout = ConvLayout::channels_first;
    CHECK(shape() == std::vector<std::int64_t>{2, 5, 3});
}

TEST_CASE("long_conv: shapes follow the layout, and tensors the traits") {
    using Shape = std::vector<std::int64_t>;
    const auto shape = [](const LongConv& description, const char* tensor) {
        const Problem problem = description;
        return problem.shape(problem.family->tensor(tensor));
    };
    LongConv problem{.bidirectional = true, .batch = 2, .length = 7, .kernel_length = 3, .channels = 5};
    CHECK(Problem(problem).tensors().size() == 4);
    CHECK(shape(problem, "x") == Shape{2, 7, 5});
    CHECK(shape(problem, "kernel_backward") == Shape{5, 3});
    problem.layout = ConvLayout::channels_first;
    CHECK(shape(problem, "y") == Shape{2, 5, 7});
}

TEST_CASE("long_conv: operations are the products that the definition has") {
    const auto products = [](const LongConv& description) {
        const Problem problem = description;
        return problem.family->operations(problem, {}) / 2;
    };
    CHECK(products({.length = 4, .kernel_length = 4, .channels = 1}) == 10);
    CHECK(products({.length = 4, .kernel_length = 2, .channels = 1}) == 7);
    CHECK(products({.length = 4, .kernel_length = 9, .channels = 1}) == 10);
    CHECK(products({.bidirectional = true, .batch = 2, .length = 4, .kernel_length = 4, .channels = 3}) ==
          6 * 16);
}

TEST_CASE("long_conv: every default configuration is inside the search space") {
    std::vector<Target> targets = cuda_targets();
    targets.push_back(Target{});
    for (const auto& target : targets)
        for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first})
            for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32})
                for (const int batch : {1, 8})
                    for (const int length : {0, 1, 100, 1024, 65536})
                        for (const int channels : {1, 100, 2048}) {
                            const Problem problem = LongConv{.layout = layout,
                                                             .dtype = dtype,
                                                             .batch = batch,
                                                             .length = length,
                                                             .kernel_length = length > 0 ? length : 1,
                                                             .channels = channels};
                            const Config config = default_config(target, problem);
                            CAPTURE(problem.to_string());
                            CAPTURE(config.to_string());
                            REQUIRE(config.algorithm->rejects(target, problem.traits, config.values) == "");
                        }
}
