#include "tests/space/units.hpp"

#include "runtime/digest.hpp"
#include "tests/space/problems.hpp"

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

struct Job {
    Target target;
    Problem problem;
    Config config;
    bool is_default = false;
};

std::vector<Job> jobs(const std::vector<Target>& targets, std::size_t sample) {
    const std::vector<Space> spaces = problems();
    std::vector<Job> list;
    for (const auto& target : targets)
        for (const auto& [extents, every] : spaces) {
            const Problem& problem = extents.front();
            for (const Problem& sized : extents)
                list.push_back({target, sized, default_config(target, sized), true});
            if (sample && every > 1) continue;
            const std::vector<Config> space = search_space(*problem.family, target, problem.traits);
            const std::size_t step = std::max(every, sample ? space.size() / sample : 1);
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

/// Whether a kernel has the constant for arithmetic and loops at run time: pieces of a sequence, and
/// sequences that a block takes one after the other.
bool is_count(std::string_view constant) {
    return constant == "segments" || constant == "pieces" || constant == "batches";
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
        if (is_count(constant) && line.find(" = 1;") == line.npos)
            result.append(constant).append(" > 1");
        else
            result += line;
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
