#include "codegen/arguments.hpp"
#include "codegen/error.hpp"
#include "templates/short_conv/problem.hpp"
#include "templates/short_conv/reference.h"
#include "tests/codegen/complaint.hpp"

#include <doctest/doctest.h>

using namespace chela;
using chela::tests::complaint;

TEST_CASE("short_conv: the definition, by hand") {
    const std::vector<double> x = {1, 2, 3, 4}, weight = {10, 100, 1000}, before = {7, 8};
    const auto run = [&](std::size_t history, std::span<const double> initial_state) {
        std::vector<double> y(4), after(2);
        short_conv_reference({.batch = 1,
                              .length = 4,
                              .channels = 1,
                              .width = 3,
                              .history = history,
                              .pool = 1,
                              .x = x,
                              .weight = weight,
                              .initial_state = initial_state,
                              .y = y,
                              .final_state = after});
        CHECK(after == std::vector<double>{3, 4});
        return y;
    };
    CHECK(run(2, {}) == std::vector<double>{1000, 2100, 3210, 4320});
    CHECK(run(2, before) == std::vector<double>{1870, 2180, 3210, 4320});
    CHECK(run(1, {}) == std::vector<double>{2100, 3210, 4320, 430}); // centred
    CHECK(conv_history(3, false) == 1);
    CHECK(conv_history(4, false) == 1); // one before, two after
}

TEST_CASE("short_conv: the alignment is that of the rows, of channels or of tokens") {
    const auto alignment = [](const ShortConv& problem) { return Problem(problem).traits["alignment"]; };
    CHECK(alignment({.channels = 2048}) == 16);
    CHECK(alignment({.channels = 100}) == 8);
    CHECK(alignment({.channels = 101}) == 2);
    CHECK(alignment({.dtype = DType::fp32, .channels = 101}) == 4);
    CHECK(alignment({.layout = ConvLayout::channels_first, .length = 100, .channels = 101}) == 8);
    CHECK(alignment({.layout = ConvLayout::channels_first, .length = 0}) == 16);
    CHECK(alignment({.alignment = 16, .channels = 101}) == 16); // the rows are padded
    CHECK(alignment({.state = ConvState::in_place, .channels = 64}) == 2);
    CHECK(complaint([] {
              (void)Problem(ShortConv{.dtype = DType::fp32, .alignment = 2});
          }).starts_with("alignment is 2; it must be 4, 8 or 16"));
}

TEST_CASE("short_conv: what contradicts itself is refused") {
    CHECK(complaint([] { (void)Problem(ShortConv{.width = 33}); }) == "width is 33; it must be 2 to 32");
    CHECK(complaint([] {
              (void)Problem(ShortConv{.causal = false, .state = ConvState::carried});
          }).starts_with("state is 'carried' and causal is false"));
    CHECK(complaint([] {
              (void)Problem(ShortConv{.state = ConvState::carried, .indexed = true});
          }).starts_with("indexed is true and state is 'carried'"));
}

TEST_CASE("short_conv: shapes follow the layout, the packing and the pool") {
    using Shape = std::vector<std::int64_t>;
    const auto shape = [](const ShortConv& description, const char* tensor) {
        const Problem problem = description;
        return problem.shape(problem.family->tensor(tensor));
    };
    ShortConv problem{.state = ConvState::in_place, .indexed = true, .batch = 2, .length = 3, .channels = 5};
    problem.pool = 9;
    CHECK(shape(problem, "x") == Shape{2, 3, 5});
    CHECK(shape(problem, "weight") == Shape{5, 4});
    CHECK(shape(problem, "state") == Shape{9, 5, 3});
    problem.layout = ConvLayout::channels_first;
    CHECK(shape(problem, "y") == Shape{2, 5, 3});
    problem.packed = true;
    CHECK(shape(problem, "y") == Shape{1, 5, 3});
    CHECK(shape(problem, "cu_seqlens") == Shape{3});
}

TEST_CASE("short_conv: every default configuration is inside the search space") {
    std::vector<Target> targets = cuda_targets();
    targets.push_back(Target{});
    for (const auto& target : targets)
        for (int width = 2; width <= 32; ++width)
            for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first})
                for (const ConvState state : {ConvState::none, ConvState::carried, ConvState::in_place})
                    for (const DType dtype : {DType::bf16, DType::fp32})
                        for (const Residual residual : {Residual::none, Residual::tensor})
                            for (const int length : {0, 1, 100, 4096})
                                for (const int channels : {1, 100, 2048}) {
                                    const Problem problem = ShortConv{.width = width,
                                                                      .residual = residual,
                                                                      .state = state,
                                                                      .layout = layout,
                                                                      .dtype = dtype,
                                                                      .length = length,
                                                                      .channels = channels};
                                    const Config config = default_config(target, problem);
                                    CAPTURE(problem.to_string());
                                    CAPTURE(config.to_string());
                                    REQUIRE(config.algorithm->rejects(target, problem.traits,
                                                                      config.values) == "");
                                }
}

TEST_CASE("short_conv: states that are carried are written by a launch of their own") {
    const Target target = Target::parse("sm_80");
    const auto program = [&](const ShortConv& description) {
        const Problem problem = description;
        const Config config = default_config(target, problem);
        return config.algorithm->generate(target, problem.traits, config.values);
    };
    CHECK(program({}).kernels.size() == 1);
    CHECK(program({.state = ConvState::in_place}).kernels.size() == 1);
    const Program carried = program({.state = ConvState::carried, .packed = true});
    REQUIRE(carried.kernels.size() == 2);
    const Problem empty =
        ShortConv{.state = ConvState::carried, .packed = true, .batch = 4, .length = 0, .channels = 130};
    CHECK(carried.kernels[0].launch.grid.evaluate(empty.extents) == 0);
    CHECK(carried.kernels[1].launch.grid.evaluate(empty.extents) == 2 * 4);
}
