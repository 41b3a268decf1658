// The decode step of linear attention against its definition in float64, on the GPU. Prints SKIP where there
// is none.

#include "tests/numerics/linear_attention_decode_grid.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <optional>

using namespace chela;
using namespace chela::tests;

namespace {

Session* session() {
    static std::optional<Session> instance = []() -> std::optional<Session> {
        Options options = Options::from_env();
        options.target = "cuda";
        options.cache_folder = std::filesystem::temp_directory_path() / "chela_tests_gpu";
        try {
            return Session(options);
        } catch (const DeviceError& error) {
            MESSAGE("SKIP: " << error.what());
            return std::nullopt;
        }
    }();
    return instance ? &*instance : nullptr;
}

} // namespace

TEST_CASE("decode: the grid of traits, sizes, layouts, decays and indices, on the GPU") {
    if (!session()) return;
    const auto grid = linear_attention_decode_grid(DecodeGrid::full);
    for (const auto& entry : grid) {
        const std::string wrong = run_case(*session(), entry);
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
    MESSAGE(grid.size() << " cases ran on " << session()->device().name());
    CHECK(grid.size() > 600);
}

TEST_CASE("decode: every configuration of the search space, on the GPU") {
    if (!session()) return;
    const DecodeCase entry{{.head_dim = 128,
                            .state_dtype = DType::bf16,
                            .decay = Decay::scalar,
                            .normalize = true,
                            .batch = 2,
                            .tokens = 3,
                            .heads = 2},
                           {}};
    const Problem problem = entry.problem;
    for (const auto& config : search_space(*problem.family, session()->device().target(), problem.traits)) {
        const std::string wrong = run_case(*session(), entry, config);
        CHECK_MESSAGE(wrong.empty(), wrong);
    }
}

TEST_CASE("decode: a sequence in steps is the sequence, on the GPU") {
    if (!session()) return;
    for (const Decay decay : {Decay::none, Decay::per_head, Decay::scalar})
        for (const bool normalize : {false, true})
            CHECK(chained_difference(*session(),
                                     {.head_dim = 64,
                                      .value_dim = 48,
                                      .dtype = DType::fp32,
                                      .decay = decay,
                                      .feature_map = FeatureMap::elu_plus_one,
                                      .normalize = normalize,
                                      .indexed = normalize,
                                      .batch = 3,
                                      .heads = 2,
                                      .pool = 6},
                                     {1, 1, 5, 16, 2, 1}) < 1e-5);
}
