#pragma once
// From the words of a command line to the action that they ask for.

#include "cli/command.hpp"

#include <optional>
#include <string>
#include <vector>

namespace chela::cli {

/// What is left to do, or the text that was asked for by --help or --version.
struct Parsed {
    std::shared_ptr<CLI::App> app; ///< holds the words that the action reads
    Action action;
    std::string text; ///< where there is no action
};

/// `words` without the program's name. Fills the context. Throws UserError on bad usage, naming the word and
/// what would be right.
Parsed parse_command_line(const std::vector<std::string>& words, Context&);

} // namespace chela::cli
