#include "cli/config_options.hpp"

#include "cli/problem_options.hpp"
#include "codegen/error.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace chela::cli {

namespace {

int differences(const Values& a, const Values& b) {
    int count = 0;
    for (std::size_t i = 0; i < a.raw().size(); ++i) count += a.at(i) != b.at(i);
    return count;
}

} // namespace

ConfigOptions::ConfigOptions(CLI::App& app, const Family& family) : family_(family) {
    std::vector<std::string> names;
    for (const Algorithm* algorithm : family.algorithms()) names.emplace_back(algorithm->name());
    const std::string group = "Configuration (default: the best that is known)";
    algorithm_ = app.add_option("--algorithm")
                     ->description("one of the algorithms that serve the target")
                     ->group(group)
                     ->type_name(fmt::format("{}", fmt::join(names, "|")));
    std::map<std::string, std::string> served; // tunable -> "mma, simt"
    for (const Algorithm* algorithm : family.algorithms())
        for (const Field& field : algorithm->tunables()) {
            std::string& by = served[field.name];
            by += fmt::format("{}{}", by.empty() ? "" : ", ", algorithm->name());
        }
    for (const Algorithm* algorithm : family.algorithms())
        for (const Field& field : algorithm->tunables())
            if (!tunables_.contains(field.name)) {
                const std::string help =
                    fmt::format("{} [{}; {}]", field.help, field.range(), served.at(field.name));
                tunables_[field.name] = add_field(app, field, help, group);
            }
}

bool ConfigOptions::given() const {
    return algorithm_->count() > 0 || std::any_of(tunables_.begin(), tunables_.end(),
                                                  [](const auto& one) { return one.second->count() > 0; });
}

const Algorithm& ConfigOptions::algorithm(const Target& target, const Problem& problem,
                                          const Config& known) const {
    if (algorithm_->count() > 0) {
        const Algorithm& asked = family_.algorithm(algorithm_->results().back());
        if (const std::string why = asked.rejects(target, problem.traits); !why.empty())
            throw UserError(fmt::format("--algorithm is '{}', which does not serve {} on {}: {}",
                                        asked.name(), problem.to_string(), target.to_string(), why));
        return asked;
    }
    std::vector<const Algorithm*> serving = {known.algorithm};
    for (const Algorithm* algorithm : family_.algorithms())
        if (algorithm->rejects(target, problem.traits).empty()) serving.push_back(algorithm);
    const auto lacks = [&](const Algorithm& algorithm) {
        for (const auto& [name, option] : tunables_)
            if (option->count() > 0 && !Values(algorithm.tunables()).has(name)) return name;
        return std::string();
    };
    const auto admits = [&](const Algorithm& algorithm) { // the same name may have another range there
        return std::ranges::all_of(algorithm.tunables(), [&](const Field& field) {
            const CLI::Option* option = tunables_.at(field.name);
            try {
                if (option->count() > 0) parse_option(field, option->results().back());
            } catch (const UserError&) {
                return false;
            }
            return true;
        });
    };
    for (const Algorithm* algorithm : serving)
        if (lacks(*algorithm).empty() && admits(*algorithm)) return *algorithm;
    for (const Algorithm* algorithm : serving)
        if (lacks(*algorithm).empty()) return *algorithm; // which says what its range is
    const std::string missing = lacks(*known.algorithm);
    std::vector<std::string> names;
    for (const Field& field : known.algorithm->tunables()) names.push_back(option_name(field.name));
    throw UserError(fmt::format("{} was given, but algorithm {}, which serves here, has {}",
                                option_name(missing), known.algorithm->name(), fmt::join(names, ", ")));
}

Config ConfigOptions::config(const Target& target, const Problem& problem, const Config& known) const {
    const Algorithm& chosen = algorithm(target, problem, known);
    Config config{&chosen,
                  known.algorithm == &chosen ? known.values : chosen.default_config(target, problem)};
    std::map<std::string, std::int64_t> given;
    for (const auto& [name, option] : tunables_) {
        if (option->count() == 0) continue;
        const Schema& schema = chosen.tunables();
        const auto field =
            std::find_if(schema.begin(), schema.end(), [&](const Field& one) { return one.name == name; });
        if (field == schema.end())
            throw UserError(fmt::format("{} was given, but algorithm {} has no such tunable",
                                        option_name(name), chosen.name()));
        given[name] = parse_option(*field, option->results().back());
        config.values.set(name, given[name]);
    }
    const std::string why = chosen.rejects(target, problem.traits, config.values);
    if (why.empty()) return config;
    // What was left open may have to change with what was given.
    std::optional<Config> best;
    const Values wanted = config.values;
    for (const Config& candidate : search_space(chosen, target, problem.traits, given))
        if (!best || differences(candidate.values, wanted) < differences(best->values, wanted))
            best = candidate;
    if (best) return *best;
    throw UserError(
        fmt::format("configuration '{}' is outside the search space: {}", config.to_string(), why));
}

} // namespace chela::cli
