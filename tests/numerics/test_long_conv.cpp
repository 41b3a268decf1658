// The long convolution against its definition in float64, on the CPU.

#include "tests/numerics/long_conv_grid.hpp"

#include <doctest/doctest.h>
#include <filesystem>

using namespace chela;
using namespace chela::tests;

namespace {

Session& session() {
    static Session instance([] {
        Options options = Options::from_env();
        options.target = "cpu";
        options.cache_folder = std::filesystem::temp_directory_path() / "chela_tests_numerics";
        return options;
    }());
    return instance;
}

} // namespace

TEST_CASE("long_conv: the grid of traits, lengths, kernels, channels and values") {
    const auto grid = long_conv_grid(LongConvGrid::full);
    for (const auto& entry : grid) {
        const std::string wrong = run_case(session(), entry);
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
    MESSAGE(grid.size() << " cases ran on " << session().device().name());
    CHECK(grid.size() > 300);
}

TEST_CASE("long_conv: configurations from all over the search space") {
    for (const auto& problem : long_conv_spaces())
        for (const std::string& wrong : run_space(session(), problem, 3)) CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("long_conv: a kernel of one tap moves the inputs, and nothing comes round the end") {
    for (const DType dtype : {DType::bf16, DType::fp32})
        for (const int lag : {0, 1, 15, 16, 299, -1, -17, -299})
            CHECK(shift_difference(session(),
                                   {.dtype = dtype, .length = 300, .kernel_length = 300, .channels = 3},
                                   lag) == 0);
}
