// The emitted source is the source-side key of every cache: golden files pin it, and every field must reach
// it. Set CHELA_UPDATE_GOLDEN=1 to write the golden files anew, then read the difference.

#include "templates/families.hpp"
#include "templates/linear_attention/problem.hpp"
#include "templates/linear_attention_decode/problem.hpp"
#include "templates/long_conv/problem.hpp"
#include "templates/short_conv/problem.hpp"
#include "templates/short_long_conv/problem.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <set>
#include <sstream>

using namespace chela;

namespace {

struct GoldenCase {
    const char* name;
    const char* target;
    LinearAttention problem;
    std::int64_t segments;
};

const GoldenCase golden_cases[] = {
    {"mma_causal_bf16", "sm_80", {.head_dim = 128}, 1},
    {"wgmma_causal_bf16", "sm_90a", {.head_dim = 128}, 1},
    {"wgmma_gated_normalized",
     "sm_90a",
     {.head_dim = 60,
      .value_dim = 100,
      .dtype = DType::fp16,
      .decay = Decay::scalar,
      .feature_map = FeatureMap::elu_plus_one,
      .normalize = true,
      .packed = true},
     1},
    {"wgmma_split_not_causal", "sm_90a", {.head_dim = 64, .causal = false}, 4},
    {"mma_split_fp16_padded", "sm_80", {.head_dim = 60, .value_dim = 100, .dtype = DType::fp16}, 4},
    {"mma_not_causal_tf32",
     "sm_80",
     {.head_dim = 64, .causal = false, .dtype = DType::fp32, .math = Math::tf32},
     2},
    {"mma_split_all_traits",
     "sm_80",
     {.head_dim = 60,
      .value_dim = 100,
      .decay = Decay::scalar,
      .feature_map = FeatureMap::exp,
      .normalize = true,
      .packed = true},
     4},
    {"simt_split_all_traits",
     "sm_80",
     {.head_dim = 64,
      .dtype = DType::fp32,
      .decay = Decay::per_head,
      .feature_map = FeatureMap::silu,
      .normalize = true,
      .packed = true},
     4},
    {"simt_causal_fp32", "sm_120a", {.head_dim = 64, .dtype = DType::fp32}, 1},
    {"cpu_causal_fp32", "cpu", {.head_dim = 64, .dtype = DType::fp32}, 1},
    {"cpu_split_bf16", "cpu", {.head_dim = 64, .value_dim = 32}, 4},
    {"cpu_packed_gated_normalized",
     "cpu",
     {.head_dim = 64,
      .decay = Decay::scalar,
      .feature_map = FeatureMap::elu_plus_one,
      .normalize = true,
      .packed = true},
     4},
    {"emulator_causal_bf16", "emulator:sm_80", {.head_dim = 64}, 1},
};

const LinearAttentionDecode decode_with_all_traits{.head_dim = 60,
                                                   .value_dim = 100,
                                                   .dtype = DType::fp16,
                                                   .state_dtype = DType::bf16,
                                                   .decay = Decay::scalar,
                                                   .feature_map = FeatureMap::elu_plus_one,
                                                   .normalize = true,
                                                   .indexed = true};

ShortConv short_conv_with_all_traits(ConvLayout layout, ConvState state) {
    return {.width = 5,
            .activation = Activation::silu,
            .bias = true,
            .residual = Residual::tensor,
            .state = state,
            .indexed = state == ConvState::in_place,
            .packed = true,
            .layout = layout,
            .dtype = DType::fp16,
            .weight_dtype = DType::bf16,
            .alignment = 8};
}

const LongConv long_conv_with_all_traits{.bidirectional = true,
                                         .skip = true,
                                         .layout = ConvLayout::channels_first,
                                         .dtype = DType::fp16,
                                         .alignment = 2};

std::string source_of(const Target& target, const Problem& problem, const Config& config) {
    std::string text;
    for (const auto& kernel : config.algorithm->generate(target, problem.traits, config.values).kernels)
        text += kernel.source;
    return text;
}

std::string read(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

using Tunables = std::vector<std::pair<const char*, std::int64_t>>;

void check_golden(const char* name, const char* target_name, const Problem& problem,
                  const Tunables& tunables) {
    const Target target = Target::parse(target_name);
    Config config = default_config(target, problem);
    for (const auto& [tunable, value] : tunables) config.values.set(tunable, value);
    const std::string path = std::string(CHELA_GOLDEN_FOLDER) + "/" + name + ".txt";
    const std::string source = source_of(target, problem, config);
    CHECK(source == source_of(target, problem, config));
    if (std::getenv("CHELA_UPDATE_GOLDEN")) std::ofstream(path) << source;
    CAPTURE(path);
    const bool same = read(path) == source;
    CHECK_MESSAGE(same,
                  "the emitted source changed; if it should, run with CHELA_UPDATE_GOLDEN=1 and read the "
                  "difference");
}

/// Another legal value of the field, or the same where there is none.
std::int64_t other_value(const Field& field, std::int64_t value) {
    if (field.name == "alignment") return value == 4 ? 8 : 4;
    if (!field.search.empty()) return field.search[field.search[0] == value ? 1 : 0];
    return value == field.maximum ? value - 1 : value + 1;
}

} // namespace

TEST_CASE("emitted source matches the golden files") {
    for (const auto& golden : golden_cases)
        check_golden(golden.name, golden.target, golden.problem, {{"segments", golden.segments}});
    check_golden("wgmma_joined", "sm_90a",
                 LinearAttention{.head_dim = 128, .decay = Decay::scalar, .feature_map = FeatureMap::relu},
                 {{"segments", 5}, {"joined", 1}});
    check_golden("decode_plain", "sm_90a", LinearAttentionDecode{.head_dim = 128, .batch = 256, .heads = 16},
                 {});
    check_golden("decode_all_traits", "sm_80", decode_with_all_traits, {{"value_tile", 32}, {"threads", 64}});
    check_golden("decode_all_traits_cpu", "cpu", decode_with_all_traits, {});
    using enum ConvLayout;
    using enum ConvState;
    const ShortConv all_last = short_conv_with_all_traits(channels_last, carried),
                    all_first = short_conv_with_all_traits(channels_first, carried);
    check_golden("short_conv_plain", "sm_90a", ShortConv{.batch = 8, .length = 4096}, {});
    check_golden("short_conv_centred_rows", "sm_80",
                 ShortConv{.causal = false, .layout = channels_first, .dtype = DType::fp32}, {});
    check_golden("short_conv_all_traits", "sm_80", all_last, {});
    check_golden("short_conv_all_traits_rows", "sm_80", all_first, {});
    check_golden("short_conv_all_traits_cpu", "cpu", all_last, {});
    check_golden("short_conv_all_traits_rows_cpu", "cpu", all_first, {});
    check_golden("short_conv_step", "sm_80", short_conv_with_all_traits(channels_last, in_place), {});
    check_golden("short_conv_step_cpu", "cpu", short_conv_with_all_traits(channels_first, in_place), {});
    check_golden("long_conv_toeplitz", "sm_90a", LongConv{.length = 4096}, {});
    check_golden("long_conv_toeplitz_batch", "sm_80",
                 LongConv{.layout = ConvLayout::channels_first, .batch = 8}, {});
    check_golden("long_conv_toeplitz_wgmma", "sm_90a", LongConv{.skip = true, .batch = 8}, {});
    check_golden("long_conv_toeplitz_all_traits", "sm_80", long_conv_with_all_traits, {});
    check_golden("short_long_conv_fused", "sm_90a", ShortLongConv{.bias = true, .length = 4096}, {});
    check_golden("short_long_conv_merged_cpu", "cpu",
                 ShortLongConv{.arrangement = Arrangement::parallel, .dtype = DType::fp32}, {});
    check_golden("short_long_conv_fft", "sm_90a",
                 ShortLongConv{.layout = channels_first, .batch = 8, .length = 4096, .kernel_length = 4096},
                 {});
    check_golden("long_conv_cpu_fft", "cpu", long_conv_with_all_traits, {});
    check_golden("long_conv_direct", "sm_80",
                 LongConv{.skip = true, .dtype = DType::fp32, .length = 100, .kernel_length = 100}, {});
    check_golden("long_conv_fft", "sm_90a",
                 LongConv{.layout = channels_first, .length = 1 << 14, .kernel_length = 1 << 14}, {});
    check_golden("long_conv_fft_mma", "sm_80",
                 LongConv{.layout = channels_first, .length = 4096, .kernel_length = 4096}, {});
}

TEST_CASE("every trait and every tunable changes the source and the key") {
    const Problem problems[] = {LinearAttention{.head_dim = 64, .length = 4096},
                                LinearAttention{.head_dim = 64, .dtype = DType::fp32, .length = 4096},
                                LinearAttentionDecode{.head_dim = 64},
                                decode_with_all_traits,
                                ShortConv{},
                                short_conv_with_all_traits(ConvLayout::channels_first, ConvState::carried),
                                short_conv_with_all_traits(ConvLayout::channels_last, ConvState::in_place),
                                LongConv{},
                                long_conv_with_all_traits,
                                ShortLongConv{.dtype = DType::fp32}};
    for (const char* name : {"sm_90a", "cpu"})
        for (const Problem& problem : problems) {
            const Target target = Target::parse(name);
            Config config = default_config(target, problem);
            if (config.values.has("segments")) config.values.set("segments", 2);
            const std::string source = source_of(target, problem, config);
            for (const auto& field : problem.family->traits()) {
                Problem changed = problem;
                changed.traits.set(field.name, other_value(field, problem.traits[field.name]));
                CAPTURE(field.name);
                CHECK(changed.to_string() != problem.to_string());
                CHECK_FALSE(changed == problem);
                CHECK(source_of(target, changed, config) != source);
            }
            for (const auto& field : config.algorithm->tunables()) {
                Config changed = config;
                changed.values.set(field.name, other_value(field, config.values[field.name]));
                CAPTURE(field.name);
                CHECK(changed.to_string() != config.to_string());
                CHECK(source_of(target, problem, changed) != source);
            }
            for (const auto& field : problem.family->extents()) {
                Problem changed = problem;
                changed.extents.set(field.name, problem.extents[field.name] + 1);
                CHECK(changed.to_string() != problem.to_string());
                CHECK(source_of(target, changed, config) == source); // extents are launch arguments
            }
        }
}

TEST_CASE("the emitted source is pruned and self-contained") {
    const Target target = Target::parse("sm_90a");
    const auto forward = [&](const LinearAttention& description) {
        const Problem problem = description;
        Config config = default_config(target, problem);
        return config.algorithm->generate(target, problem.traits, config.values).kernels.back().source;
    };
    const std::string causal = forward({.head_dim = 64, .batch = 64}),
                      whole = forward({.head_dim = 64, .causal = false});
    CHECK(causal.find("#include") == std::string::npos);
    CHECK(causal.find("//@") == std::string::npos);
    CHECK(causal.find("compute_scores") != std::string::npos);
    CHECK(whole.find("compute_scores") == std::string::npos);
    CHECK(causal.find("chela inspect linear_attention --target sm_90a --head-dim 64") != std::string::npos);
}
