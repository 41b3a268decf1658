// The CUDA bodies of the long convolution against their definition in float64, without a GPU: the very source
// that NVRTC gets, on the emulator.

#include "tests/numerics/long_conv_grid.hpp"

#include <doctest/doctest.h>
#include <utility>

using namespace chela;
using namespace chela::tests;

TEST_CASE("long_conv: the reduced grid on the emulator") {
    Session session = emulated("emulator:sm_80");
    run_grid(session, long_conv_grid(GridSize::reduced), 120);
}

TEST_CASE("long_conv: Fourier transforms, emulated") {
    Session session = emulated("emulator:sm_90a", 9, true);
    for (const std::string& wrong : run_transforms(session, GridSize::reduced))
        CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("long_conv: Fourier transforms on tensor cores, emulated") {
    Session session = emulated("emulator:sm_80", 9, true);
    for (const std::string& wrong : run_mma_transforms(session, GridSize::reduced))
        CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("long_conv: wgmma, emulated") {
    Session session = emulated("emulator:sm_90a");
    for (const std::string& wrong : run_wgmma(session, GridSize::reduced))
        CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("long_conv: configurations from all over the search space, emulated") {
    Session session = emulated("emulator:sm_80");
    for (const auto& problem : long_conv_spaces())
        for (const std::string& wrong : run_space(session, problem, 47)) CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("long_conv: a kernel of one tap moves the inputs, emulated") {
    Session session = emulated("emulator:sm_80");
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32})
        for (const int lag : {0, 17, 299, -1, -299})
            CHECK(shift_difference(session,
                                   {.dtype = dtype, .length = 300, .kernel_length = 300, .channels = 3},
                                   lag) < 1e-5);
}

TEST_CASE("long_conv: any legal order of warps gives the same result, and no race is found") {
    for (const std::uint64_t seed : {7, 8}) {
        Session session = emulated("emulator:sm_90a", seed, true);
        for (const auto& [dtype, batch] : {std::pair{DType::fp16, 1}, {DType::fp16, 9}, {DType::fp32, 1}}) {
            const LongConv problem{.bidirectional = true,
                                   .layout =
                                       seed == 7 ? ConvLayout::channels_last : ConvLayout::channels_first,
                                   .dtype = dtype,
                                   .batch = batch,
                                   .length = 700,
                                   .kernel_length = 600,
                                   .channels = 9};
            const std::string wrong = run_case(session, {problem, {}});
            CAPTURE(seed);
            CHECK_MESSAGE(wrong.empty(), wrong);
        }
    }
}

TEST_CASE("long_conv: a sequence in pieces is the sequence, emulated") {
    Session session = emulated("emulator:sm_80");
    for (const auto& [problem, pieces] : long_conv_splits())
        CHECK(split_difference(session, problem, pieces) < (problem.dtype == DType::fp32 ? 1e-5 : 6e-3));
}
