// The CUDA bodies of the decode step against their definition in float64, without a GPU: the very source that
// NVRTC gets, on the emulator.

#include "tests/numerics/linear_attention_decode_grid.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::tests;

namespace {

/// Registers, shuffles and shared memory all take part, with one block for a head or with several and a
/// second launch for the normaliser.
const Problem everything = LinearAttentionDecode{.head_dim = 24,
                                                 .value_dim = 60,
                                                 .state_dtype = DType::bf16,
                                                 .decay = Decay::scalar,
                                                 .feature_map = FeatureMap::elu_plus_one,
                                                 .normalize = true,
                                                 .indexed = true,
                                                 .batch = 3,
                                                 .tokens = 3,
                                                 .heads = 2,
                                                 .pool = 4};

} // namespace

TEST_CASE("decode: the reduced grid on the emulator") {
    Session session = emulated("emulator:sm_80");
    run_grid(session, linear_attention_decode_grid(GridSize::reduced), 150);
}

TEST_CASE("decode: every configuration of the search space, emulated") {
    Session session = emulated("emulator:sm_90a");
    std::size_t launches[2] = {};
    for (const auto& config :
         search_space(*everything.family, session.device().target(), everything.traits)) {
        const std::string wrong = run_case(session, {everything, {}}, config);
        CHECK_MESSAGE(wrong.empty(), wrong);
        ++launches[config.algorithm->generate(session.device().target(), everything.traits, config.values)
                       .kernels.size() -
                   1];
    }
    CHECK(launches[0] > 0); // one block for a head
    CHECK(launches[1] > 0); // several, and then the normaliser
}

TEST_CASE("decode: a sequence in steps is the sequence, emulated") {
    Session session = emulated("emulator:sm_80");
    for (const bool normalize : {false, true})
        CHECK(chained_difference(session,
                                 {.head_dim = 32,
                                  .value_dim = 16,
                                  .dtype = DType::fp32,
                                  .decay = Decay::scalar,
                                  .normalize = normalize,
                                  .indexed = normalize,
                                  .batch = 2,
                                  .heads = 2,
                                  .pool = 3},
                                 {1, 5, 16, 1}) < 1e-5);
}

TEST_CASE("decode: any legal order of warps gives the same result, and no race is found") {
    for (const std::uint64_t seed : {7, 8}) {
        Session session = emulated("emulator:sm_80", seed, true);
        for (const auto& config :
             search_space(*everything.family, session.device().target(), everything.traits)) {
            const std::string wrong = run_case(session, {everything, {}}, config);
            CAPTURE(seed);
            CHECK_MESSAGE(wrong.empty(), wrong);
        }
    }
}
