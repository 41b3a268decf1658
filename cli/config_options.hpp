#pragma once
// The options that choose a configuration by hand: an algorithm and its tunables.

#include "codegen/family.hpp"

#include <CLI/App.hpp>
#include <map>
#include <string>

namespace chela::cli {

/// --algorithm and every tunable of every algorithm.
class ConfigOptions {
  public:
    ConfigOptions(CLI::App&, const Family&);
    /// Whether any was given.
    bool given() const;
    /// What was given, the rest as in `known` (the configuration that would serve otherwise), or, where that
    /// does not go together, as near to it as the search space has it. Throws UserError where nothing fits.
    Config config(const Target&, const Problem&, const Config& known) const;

  private:
    const Algorithm& algorithm(const Target&, const Problem&, const Config& known) const;
    const Family& family_;
    CLI::Option* algorithm_;
    std::map<std::string, CLI::Option*> tunables_;
};

} // namespace chela::cli
