#include "cli/problem_options.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace chela::cli {

namespace {

std::string default_text(const Field& field) {
    if (field.kind == Field::Kind::choice) return fmt::format(" [default: {}]", field.text(field.fallback));
    if (field.kind == Field::Kind::boolean) return "";
    // Out of range, or 0 where 0 means "derive it": the help of the field says what then happens.
    const bool derived = field.fallback < field.minimum || field.help.find("default") != std::string::npos;
    return derived ? fmt::format(" [{}]", field.range())
                   : fmt::format(" [{}, default: {}]", field.range(), field.fallback);
}

/// Whether the family derives the value of a trait that is left out (value_dim, alignment).
bool follows_from_rest(const Problem& problem, const Field& field) {
    if (field.kind != Field::Kind::integer || field.fallback != 0) return false;
    Values rest(problem.family->traits());
    for (const Field& other : problem.family->traits())
        if (other.name != field.name) rest.set(other.name, problem.traits[other.name]);
    return problem.family->canonical(rest, problem.extents)[field.name] == problem.traits[field.name];
}

} // namespace

std::string option_name(std::string_view name) {
    std::string option = fmt::format("--{}", name);
    std::replace(option.begin(), option.end(), '_', '-');
    return option;
}

std::string option_text(const Field& field, std::int64_t value) {
    const std::string name = option_name(field.name);
    if (field.kind != Field::Kind::boolean) return fmt::format("{} {}", name, field.text(value));
    return value ? name : fmt::format("--no-{}", name.substr(2));
}

std::int64_t parse_option(const Field& field, std::string_view text) {
    try {
        return field.parse(text);
    } catch (const UserError&) {
        throw UserError(
            fmt::format("{} is '{}'; it must be {}", option_name(field.name), text, field.range()));
    }
}

double parse_number(std::string_view option, std::string_view text) {
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || !std::isfinite(value))
        throw UserError(fmt::format("{} is '{}'; it must be a finite number", option, text));
    return value;
}

std::int64_t parse_whole(std::string_view option, std::string_view text, std::int64_t least) {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || value < least || value > 1'000'000'000)
        throw UserError(fmt::format("{} is '{}'; it must be a whole number from {}", option, text, least));
    return value;
}

CLI::Option* add_field(CLI::App& app, const Field& field, const std::string& help, const std::string& group) {
    const std::string name = option_name(field.name);
    if (field.kind == Field::Kind::boolean) {
        const std::string flags = fmt::format("{}{{true}},--no-{}{{false}}", name, name.substr(2));
        CLI::Option* option = app.add_flag(flags)->description(help)->group(group);
        return option->option_text(fmt::format("({})", field.fallback ? "default: yes" : "default: no"))
            ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    }
    std::string values = "N";
    if (field.kind == Field::Kind::choice) values = fmt::format("{}", fmt::join(field.choices, "|"));
    return app.add_option(name)->description(help)->group(group)->type_name(values);
}

SchemaOptions::SchemaOptions(CLI::App& app, const Schema& schema, const std::string& group)
    : schema_(schema) {
    for (const Field& field : schema)
        options_[field.name] = add_field(app, field, field.help + default_text(field), group);
}

Values SchemaOptions::values() const {
    Values values(schema_);
    for (const Field& field : schema_)
        if (given(field.name))
            values.set(field.name, parse_option(field, options_.at(field.name)->results().back()));
    return values;
}

ScalarOptions::ScalarOptions(CLI::App& app, const Family& family) {
    for (const auto& scalar : family.scalars())
        options_[scalar.name] = app.add_option(option_name(scalar.name))
                                    ->description(scalar.help)
                                    ->group("Scalars")
                                    ->type_name("X");
}

std::map<std::string, double> ScalarOptions::given() const {
    std::map<std::string, double> values;
    for (const auto& [name, option] : options_)
        if (option->count() > 0) values[name] = parse_number(option_name(name), option->results().back());
    return values;
}

std::string command_line(const Problem& problem, const Config* config) {
    const Family& family = *problem.family;
    std::string text(family.name());
    for (const Field& field : family.traits())
        if (!follows_from_rest(problem, field)) text += " " + option_text(field, problem.traits[field.name]);
    for (const Field& field : family.extents()) text += " " + option_text(field, problem.extents[field.name]);
    if (config) {
        text += fmt::format(" --algorithm {}", config->algorithm->name());
        for (const Field& field : config->algorithm->tunables())
            text += " " + option_text(field, config->values[field.name]);
    }
    return text;
}

} // namespace chela::cli
