#pragma once
// Options made from what a family says of itself. Nothing here, nor in any command, knows a family by name.

#include "codegen/family.hpp"

#include <CLI/App.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chela::cli {

/// "head_dim" -> "--head-dim".
std::string option_name(std::string_view name);
/// What sets a field on the command line: "--head-dim 64", "--causal", "--no-causal", "--dtype bf16".
std::string option_text(const Field&, std::int64_t value);
/// Throws UserError that names the option: "--head-dim is '7'; it must be 8 to 256".
std::int64_t parse_option(const Field&, std::string_view text);
double parse_number(std::string_view option, std::string_view text);
/// A whole number from `least` to a thousand million.
std::int64_t parse_whole(std::string_view option, std::string_view text, std::int64_t least);
/// Adds the option that sets a field; its one result is text for parse_option().
CLI::Option* add_field(CLI::App&, const Field&, const std::string& help, const std::string& group);

/// One option for each field of a schema.
class SchemaOptions {
  public:
    SchemaOptions(CLI::App&, const Schema&, const std::string& group);
    bool given(std::string_view name) const { return options_.at(std::string(name))->count() > 0; }
    /// The fallbacks, and what was given.
    Values values() const;

  private:
    const Schema& schema_;
    std::map<std::string, CLI::Option*> options_;
};

/// The problem: traits and extents.
class ProblemOptions {
  public:
    ProblemOptions(CLI::App& app, const Family& family)
        : family_(family), traits(app, family.traits(), "Problem (compiled in)"),
          extents(app, family.extents(), "Problem (given at launch)") {}
    const Family& family() const { return family_; }
    Problem problem() const { return Problem(&family_, traits.values(), extents.values()); }

  private:
    const Family& family_;

  public:
    SchemaOptions traits, extents;
};

/// One option for each scalar of the family.
class ScalarOptions {
  public:
    ScalarOptions(CLI::App&, const Family&);
    std::map<std::string, double> given() const;

  private:
    std::map<std::string, CLI::Option*> options_;
};

/// The options that name this problem, and the configuration where one is given: what a user would type.
std::string command_line(const Problem&, const Config* = nullptr);

} // namespace chela::cli
