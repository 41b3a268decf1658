#include "tests/space/units.hpp"

#include "runtime/digest.hpp"
#include "templates/families.hpp"
#include "templates/linear_attention/problem.hpp"
#include "templates/linear_attention_decode/problem.hpp"
#include "templates/long_conv/problem.hpp"
#include "templates/short_conv/problem.hpp"
#include "templates/short_long_conv/problem.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <fmt/format.h>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>

namespace chela::space {
namespace {

/// Traits whose space is compiled, at extents whose default configurations differ.
using Extents = std::vector<Problem>;

Extents one_piece_and_several(LinearAttention description) {
    LinearAttention many = description, few = description;
    many.length = 512, many.heads = 64;
    few.length = 65536, few.heads = 1;
    return {many, few};
}

Extents many_heads_and_few(LinearAttentionDecode description) {
    LinearAttentionDecode many = description, few = description;
    many.batch = 256, many.heads = 16;
    few.batch = 1, few.heads = 16;
    return {many, few};
}

Extents long_and_few_tokens(ShortConv description) {
    ShortConv many = description, few = description;
    many.batch = 8, many.length = 4096, many.channels = 2048;
    few.batch = 1, few.length = 16, few.channels = 64;
    return {many, few};
}

void add_short_convs(std::vector<Extents>& all) {
    using enum ConvState;
    for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first}) {
        for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32})
            for (const int width : {3, 4, 8, 32})
                all.push_back(long_and_few_tokens(
                    {.width = width, .activation = Activation::silu, .layout = layout, .dtype = dtype}));
        for (const int width : {2, 4, 5, 16, 32})
            for (const DType dtype : {DType::bf16, DType::fp32})
                all.push_back(long_and_few_tokens({.width = width,
                                                   .activation = Activation::silu,
                                                   .bias = true,
                                                   .residual = Residual::tensor,
                                                   .state = carried,
                                                   .packed = true,
                                                   .layout = layout,
                                                   .dtype = dtype,
                                                   .weight_dtype = DType::bf16}));
        all.push_back(long_and_few_tokens({.width = 4, .causal = false, .layout = layout}));
        all.push_back(long_and_few_tokens({.width = 31, .causal = false, .layout = layout}));
        all.push_back(long_and_few_tokens({.layout = layout, .alignment = 2}));
        all.push_back(long_and_few_tokens({.width = 32, .layout = layout, .alignment = 2}));
    }
    for (const int width : {4, 32})
        all.push_back(long_and_few_tokens({.width = width,
                                           .activation = Activation::silu,
                                           .residual = Residual::tensor,
                                           .state = in_place,
                                           .indexed = true}));
}

Extents long_and_short_sequences(LongConv description) {
    LongConv many = description, few = description;
    many.batch = 8, many.length = many.kernel_length = 4096;
    few.batch = 1, few.length = few.kernel_length = 1024;
    return {many, few};
}

void add_long_convs(std::vector<Extents>& all) {
    for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first})
        for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32}) {
            all.push_back(long_and_short_sequences({.layout = layout, .dtype = dtype}));
            all.push_back(long_and_short_sequences({.bidirectional = true,
                                                    .skip = true,
                                                    .layout = layout,
                                                    .dtype = dtype,
                                                    .alignment = static_cast<int>(size_of(dtype))}));
        }
    for (const int length : {64, 500, 2048, 8192, 16384, 1 << 17, 1 << 20, 1 << 22})
        for (const DType dtype : {DType::bf16, DType::fp32})
            all.push_back({LongConv{.bidirectional = dtype == DType::fp32,
                                    .layout = ConvLayout::channels_first,
                                    .dtype = dtype,
                                    .length = length,
                                    .kernel_length = length}});
}

void add_short_long_convs(std::vector<Extents>& all) {
    for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first})
        for (const DType dtype : {DType::bf16, DType::fp32}) {
            const ShortLongConv parallel{
                .arrangement = Arrangement::parallel, .layout = layout, .dtype = dtype};
            all.push_back({parallel});
            for (const int width : {4, 32})
                all.push_back({ShortLongConv{.width = width,
                                             .bias = true,
                                             .skip = true,
                                             .layout = layout,
                                             .dtype = dtype,
                                             .batch = 8,
                                             .length = 4096,
                                             .kernel_length = 4096}});
        }
}

std::vector<Extents> problems() {
    std::vector<LinearAttention> list;
    for (const bool causal : {true, false}) {
        for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32})
            for (const int dim : {64, 128})
                list.push_back({.head_dim = dim, .causal = causal, .dtype = dtype});
        list.push_back({.head_dim = 128, .causal = causal, .dtype = DType::fp32, .math = Math::tf32});
        list.push_back({.head_dim = 256, .causal = causal});
        list.push_back({.head_dim = 60, .value_dim = 100, .causal = causal});
        list.push_back({.head_dim = 9, .value_dim = 33, .causal = causal});
        list.push_back({.head_dim = 256, .causal = causal, .dtype = DType::fp32, .math = Math::tf32});
    }
    const auto with_all_traits = [&list](LinearAttention description) {
        if (description.causal) description.decay = Decay::scalar;
        description.feature_map = FeatureMap::silu;
        description.normalize = description.packed = true;
        list.push_back(description);
    };
    for (const int dim : {64, 128, 256}) with_all_traits({.head_dim = dim});
    with_all_traits({.head_dim = 128, .causal = false});
    with_all_traits({.head_dim = 60, .value_dim = 100, .dtype = DType::fp32});
    with_all_traits({.head_dim = 128, .dtype = DType::fp32, .math = Math::tf32});
    std::vector<Extents> all;
    for (const auto& description : list) all.push_back(one_piece_and_several(description));
    for (const DType state_dtype : {DType::fp32, DType::bf16}) {
        for (const int dim : {64, 128, 256})
            all.push_back(many_heads_and_few({.head_dim = dim, .state_dtype = state_dtype}));
        for (const auto& [head_dim, value_dim] : {std::pair{128, 128}, {60, 100}, {9, 33}, {256, 256}})
            all.push_back(many_heads_and_few({.head_dim = head_dim,
                                              .value_dim = value_dim,
                                              .state_dtype = state_dtype,
                                              .decay = Decay::scalar,
                                              .feature_map = FeatureMap::silu,
                                              .normalize = true,
                                              .indexed = true}));
    }
    add_short_convs(all);
    add_long_convs(all);
    add_short_long_convs(all);
    return all;
}

struct Job {
    Target target;
    Problem problem;
    Config config;
    bool is_default = false;
};

std::vector<Job> jobs(const std::vector<Target>& targets, std::size_t sample) {
    std::vector<Job> list;
    for (const auto& target : targets)
        for (const Extents& extents : problems()) {
            const Problem& problem = extents.front();
            for (const Problem& sized : extents)
                list.push_back({target, sized, default_config(target, sized), true});
            const std::vector<Config> space = search_space(*problem.family, target, problem.traits);
            const std::size_t step = sample ? std::max<std::size_t>(1, space.size() / sample) : 1;
            for (std::size_t i = step / 2; i < space.size(); i += step)
                list.push_back({target, problem, space[i], false});
        }
    return list;
}

bool word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

template <class Visit>
void for_each_word(std::string_view line, const Visit& visit) {
    for (std::size_t i = 0; i < line.size();) {
        std::size_t end = i;
        while (end < line.size() && word_character(line[end])) ++end;
        if (end > i) visit(line.substr(i, end - i));
        i = end + 1;
    }
}

template <class Visit>
void for_each_line(std::string_view text, const Visit& visit) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        visit(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// The name that "    static constexpr int NAME = …;" defines; empty for other lines.
std::string_view constant_of(std::string_view line) {
    constexpr std::string_view start = "    static constexpr ";
    const std::size_t equal = line.find(" = ");
    if (!line.starts_with(start) || equal == std::string_view::npos) return {};
    const std::size_t space = line.rfind(' ', equal - 1);
    return line.substr(space + 1, equal - space - 1);
}

} // namespace

std::string essence(const std::string& source) {
    std::vector<std::string_view> lines;
    std::unordered_map<std::string_view, int> uses;
    for_each_line(source, [&](std::string_view line) {
        line = line.substr(0, line.find("//")); // no string of a kernel holds one
        while (line.ends_with(' ')) line.remove_suffix(1);
        if (line.empty() || line.starts_with("#line")) return;
        lines.push_back(line);
        for_each_word(line, [&](std::string_view word) { ++uses[word]; });
    });
    std::string result;
    for (const std::string_view line : lines) {
        const std::string_view constant = constant_of(line);
        if (!constant.empty() && uses[constant] == 1) continue;
        result += constant == "segments" && line.find(" = 1;") == line.npos ? "segments > 1" : line;
        result += '\n';
    }
    return result;
}

Kernel Unit::generate() const {
    return config.algorithm->generate(target, problem.traits, config.values).kernels.at(kernel);
}

std::string Unit::to_string() const {
    return fmt::format("{} {} {}: {}", target.to_string(), problem.traits.to_string(), config.to_string(),
                       generate().entry);
}

Units enumerate(const std::vector<Target>& targets, std::size_t sample, unsigned threads) {
    const std::vector<Job> list = jobs(targets, sample);
    std::vector<std::vector<std::string>> keys(list.size()); // of the kernels of each job
    std::atomic<std::size_t> next = 0;
    {
        std::vector<std::jthread> pool;
        for (unsigned thread = 0; thread < threads; ++thread)
            pool.emplace_back([&] {
                for (std::size_t i; (i = next++) < list.size();) {
                    const Job& job = list[i];
                    for (const Kernel& kernel :
                         job.config.algorithm->generate(job.target, job.problem.traits, job.config.values)
                             .kernels)
                        keys[i].push_back(
                            Digest().add(job.target.to_string()).add(essence(kernel.source)).hex());
                }
            });
    }
    Units result{{}, list.size()};
    std::unordered_map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < list.size(); ++i)
        for (std::size_t kernel = 0; kernel < keys[i].size(); ++kernel) {
            const auto& [target, problem, config, is_default] = list[i];
            const auto [found, is_new] = seen.emplace(keys[i][kernel], result.units.size());
            if (is_new) result.units.push_back({keys[i][kernel], target, problem, config, kernel, false});
            if (is_default) result.units[found->second].is_default = true;
        }
    return result;
}

} // namespace chela::space
