// A verification is worth what it catches: candidates that are wrong on purpose, each in its own way.

#include "runtime/verify.hpp"

#include "codegen/error.hpp"
#include "tests/runtime/host_device.hpp"

#include <doctest/doctest.h>
#include <limits>

using namespace chela;
using namespace chela::test;

namespace {

struct Bench {
    HostDevice device;
    Verifier verifier{device};

    std::pair<Program, LoadedProgram> load(const Problem& problem, Fault fault) {
        const Config config = scale_add_config(fault);
        Program program = config.algorithm->generate(device.target(), problem.traits, config.values);
        LoadedProgram loaded;
        for (const Kernel& kernel : program.kernels) {
            loaded.kernels.push_back(device.load(kernel, device.compile(kernel)));
        }
        return {program, loaded};
    }
    VerifyResult verify(const Problem& problem, Fault fault, const VerifyOptions& options = {}) {
        const auto [program, loaded] = load(problem, fault);
        return verifier.verify(problem, options, program, loaded);
    }
    VerifyResult candidate(const Problem& problem, Fault fault, std::uint64_t seed = 1) {
        const auto [program, loaded] = load(problem, fault);
        return verify_candidate(verifier, problem, program, loaded, seed);
    }
};

constexpr DType all_dtypes[] = {DType::bf16, DType::fp16, DType::fp32};

} // namespace

TEST_CASE("a right candidate passes in every dtype and layout, with and without optional tensors") {
    Bench bench;
    for (const DType dtype : all_dtypes) {
        for (const Layout layout : {Layout::contiguous, Layout::heads_first, Layout::padded_rows}) {
            for (const bool optional : {false, true}) {
                const VerifyOptions options{
                    .seed = 11, .layout = layout, .optional_inputs = optional, .optional_outputs = !optional};
                CAPTURE(options.to_string());
                const VerifyResult result =
                    bench.verify(scale_add(dtype, 3, 17, 5, 20), Fault::none, options);
                CHECK_MESSAGE(result.passed, result.detail);
                CHECK(result.relative_error > 0); // outputs are rounded, so some error must be seen
                CHECK(result.relative_error < scale_add_family().error_bound(scale_add(dtype, 1, 1, 1)));
            }
        }
    }
}

TEST_CASE("lengths 0 and 1, one head, and more than 65535 heads") {
    Bench bench;
    for (const std::int64_t length : {0, 1})
        CHECK(bench.verify(scale_add(DType::bf16, 2, length, 3), Fault::none).passed);
    CHECK(bench.verify(scale_add(DType::fp32, 1, 2, 1, 1, 4), Fault::none).passed);
    CHECK(bench.verify(scale_add(DType::bf16, 2, 1, 40000, 2), Fault::none).passed);
    CHECK_FALSE(bench.verify(scale_add(DType::bf16, 2, 1, 40000, 2), Fault::last_head).passed);
}

TEST_CASE("one head that is a little wrong is seen among a thousand that are right") {
    Bench bench;
    for (const DType dtype : all_dtypes) {
        const VerifyResult result = bench.verify(scale_add(dtype, 4, 16, 256), Fault::last_head_slightly);
        CHECK_FALSE(result.passed);
        CHECK(result.relative_error < scale_add_family().error_bound(scale_add(dtype, 1, 1, 1)));
        CHECK_MESSAGE(result.detail.find("at batch 3, heads 255") != std::string::npos, result.detail);
    }
}

TEST_CASE("inputs scaled by 1e-3 and 1e3, into fp16's subnormals and past its largest value") {
    Bench bench;
    for (const DType dtype : all_dtypes) {
        for (const double scale : {1e-8, 1e-3, 1e3, 1e5}) {
            const VerifyResult result =
                bench.verify(scale_add(dtype, 2, 30, 3), Fault::none, {.seed = 3, .value_scale = scale});
            CHECK_MESSAGE(result.passed, result.detail);
        }
        CHECK_FALSE(
            bench.verify(scale_add(dtype, 2, 30, 3), Fault::slightly_wrong, {.value_scale = 1e3}).passed);
    }
}

TEST_CASE("each wrong candidate is caught, and the reason says what is wrong") {
    struct Expected {
        Fault fault;
        const char* reason;
    };
    const Expected table[] = {{Fault::wrong_element, "y[1, 200, 3, 8] ="},
                              {Fault::slightly_wrong, "relative error"},
                              {Fault::missing_row, "y[1, 200, 3, 0] is NaN"},
                              {Fault::guard_after, "y: written outside its memory"},
                              {Fault::guard_before, "total: written outside its memory"},
                              {Fault::input_written, "x: an input, was written to"},
                              {Fault::workspace_overrun, "workspace: written outside its 128 bytes"},
                              {Fault::last_head, "batch 1, heads 3"},
                              {Fault::reads_outside, "is NaN"},
                              {Fault::reads_workspace, "is NaN"},
                              {Fault::prepared_overrun, "prepared: written outside its 512 bytes"},
                              {Fault::spoils_prepared, "prepared: changed by a launch"},
                              {Fault::ignores_carry, "relative error"}};
    for (const DType dtype : all_dtypes) {
        Bench bench;
        for (const auto& [fault, reason] : table) {
            const VerifyResult result = bench.verify(scale_add(dtype, 2, 400, 4), fault, {.seed = 5});
            CAPTURE(reason);
            CHECK_FALSE(result.passed);
            CHECK_MESSAGE(result.detail.find(reason) != std::string::npos, result.detail);
            CHECK_MESSAGE(result.detail.find("seed 5") != std::string::npos, result.detail);
            // and leaves no damage to the next one
            CHECK(bench.verify(scale_add(dtype, 2, 400, 4), Fault::none, {.seed = 5}).passed);
        }
    }
}

TEST_CASE("a write into the gap between rows is seen where there is one") {
    Bench bench;
    const Problem problem = scale_add(DType::bf16, 2, 9, 3);
    CHECK(bench.verify(problem, Fault::gap, {.layout = Layout::contiguous}).passed);
    const VerifyResult result = bench.verify(problem, Fault::gap, {.layout = Layout::padded_rows});
    CHECK_FALSE(result.passed);
    CHECK_MESSAGE(result.detail.find("y: written into the gap before row 53") != std::string::npos,
                  result.detail);
}

TEST_CASE("a fault at odd lengths only is caught although the problem's length is even") {
    Bench bench;
    const Problem problem = scale_add(DType::fp16, 4, 512, 4);
    CHECK(bench.verify(problem, Fault::odd_length).passed);
    const VerifyResult result = bench.candidate(problem, Fault::odd_length, 9);
    CHECK_FALSE(result.passed);
    CHECK_MESSAGE(result.detail.find("length=333") != std::string::npos, result.detail);
    CHECK(bench.candidate(problem, Fault::none, 9).passed);
}

TEST_CASE("of a large problem the reference covers some slices, finiteness and guards everything") {
    const Problem problem = scale_add(DType::bf16, 3, 1024, 7, 64);
    const std::int64_t elements = 4 * 2 * 1024 * 64; // four slices
    const VerifyOptions options{.seed = 21};
    const auto slices = reference_slices(problem, options, elements);
    REQUIRE(slices.slices.size() >= 3);
    CHECK(slices.slices.size() <= 4);
    CHECK(slices.slices.front().index == std::vector<std::int64_t>{0, 0});
    CHECK(slices.slices.back().index == std::vector<std::int64_t>{2, 6});

    // The slices are those of the whole problem.
    const auto all = reference_slices(problem, options);
    REQUIRE(all.slices.size() == 21);
    for (const ReferenceSlice& slice : slices.slices) {
        const auto& whole = all.slices[slice.index[0] * 7 + slice.index[1]];
        CHECK(whole.index == slice.index);
        CHECK(whole.outputs.at("y").data == slice.outputs.at("y").data);
    }

    Bench bench;
    VerificationCase sampled(bench.device, problem, options,
                             [&] { return std::make_shared<const ReferenceSlices>(slices); });
    for (const Fault fault : {Fault::last_head, Fault::missing_row, Fault::guard_after}) {
        const auto [program, loaded] = bench.load(problem, fault);
        CHECK_FALSE(sampled.check(program, loaded).passed);
    }
    // A row that nobody wrote is seen in a slice that nobody computed.
    const ReferenceSlices first_only{slices.extents, {slices.slices.front()}};
    VerificationCase first(bench.device, problem, options,
                           [&] { return std::make_shared<const ReferenceSlices>(first_only); });
    const auto [program, loaded] = bench.load(problem, Fault::missing_row);
    const VerifyResult result = first.check(program, loaded);
    CHECK_MESSAGE(result.detail.find("y[2, 512, 6, 0] is NaN") != std::string::npos, result.detail);
}

TEST_CASE("a reference that is all zero admits only zeros") {
    Bench bench;
    const Problem problem = scale_add(DType::bf16, 2, 8, 2);
    CHECK(bench.verify(problem, Fault::none, {.value_scale = 0}).passed);
    const VerifyResult result = bench.verify(problem, Fault::wrong_element, {.value_scale = 0});
    CHECK_FALSE(result.passed);
    CHECK(result.relative_error == std::numeric_limits<double>::infinity());
}

TEST_CASE("scalars of the options reach kernel and reference") {
    Bench bench;
    CHECK(bench.verify(scale_add(DType::fp32, 2, 8, 2, 16, 4), Fault::none, {.scalars = {{"factor", 1.7}}})
              .passed);
}

TEST_CASE("values of the options reach kernel and reference, over and over") {
    Bench bench;
    const Problem problem = scale_add(DType::fp32, 2, 8, 2);
    const VerifyOptions options{.value_scale = 1e3, .values = {{"x", {1, -2, 0.5}}}};
    const InputValues values(problem, problem.family->tensor("x"), options);
    for (int i = 0; i < 9; i += 3) {
        CHECK(values(i) == 1);
        CHECK(values(i + 1) == -2);
        CHECK(values(i + 2) == 0.5);
    }
    CHECK(bench.verify(problem, Fault::none, options).passed);
    const VerifyResult wrong = bench.verify(problem, Fault::wrong_element, options);
    CHECK_MESSAGE(wrong.detail.find("x [1, -2, 0.5]") != std::string::npos, wrong.detail);
}

TEST_CASE("the first element is aligned as promised and no better, and the memory is given back") {
    Bench bench;
    const Problem problem = scale_add(DType::bf16, 1, 4, 1, 16, 8);
    const Placement placement = place(problem, problem.family->tensor("x"), Layout::padded_rows);
    CHECK(placement.first * 2 % 8 == 0);
    CHECK(placement.first * 2 % 16 != 0);
    CHECK(placement.strides == std::vector<std::int64_t>{80, 20, 20, 1});
    CHECK(may_be_contiguous(problem));
    CHECK_FALSE(may_be_contiguous(scale_add(DType::bf16, 1, 4, 1, 6, 16)));
    CHECK(bench.candidate(scale_add(DType::bf16, 1, 4, 1, 6, 16), Fault::none).passed);
    bench.verifier.clear();
    CHECK(bench.device.allocations == 0);
}
