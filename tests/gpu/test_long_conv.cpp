// The long convolution against its definition in float64, on the GPU. Prints SKIP where there is none.

#include "tests/numerics/long_conv_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

TEST_CASE("long_conv: the grid of traits, lengths, kernels, channels and values, on the GPU") {
    if (!gpu_session()) return;
    run_grid(*gpu_session(), long_conv_grid(GridSize::full), 300);
}

TEST_CASE("long_conv: Fourier transforms up to the longest, on the GPU") {
    if (!gpu_session()) return;
    for (const std::string& wrong : run_transforms(*gpu_session(), GridSize::full))
        CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("long_conv: Fourier transforms on tensor cores, on the GPU") {
    if (!gpu_session()) return;
    for (const std::string& wrong : run_mma_transforms(*gpu_session(), GridSize::full))
        CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("long_conv: configurations from all over the search space, on the GPU") {
    if (!gpu_session()) return;
    for (const auto& problem : long_conv_spaces())
        for (const std::string& wrong : run_space(*gpu_session(), problem, 3))
            CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("long_conv: a kernel of one tap moves the inputs, on the GPU") {
    if (!gpu_session()) return;
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32})
        for (const int lag : {0, 1, 15, 16, 299, -1, -17, -299})
            CHECK(shift_difference(*gpu_session(),
                                   {.dtype = dtype, .length = 300, .kernel_length = 300, .channels = 3},
                                   lag) < 1e-5);
}

TEST_CASE("long_conv: a sequence in pieces is the sequence, on the GPU") {
    if (!gpu_session()) return;
    for (const auto& [problem, pieces] : long_conv_splits())
        CHECK(split_difference(*gpu_session(), problem, pieces) <
              (problem.dtype == DType::fp32 ? 1e-5 : 6e-3));
}
