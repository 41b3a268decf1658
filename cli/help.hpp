#pragma once
// How help looks: descriptions wrapped to the terminal, one example at the end.

#include "codegen/family.hpp"

#include <CLI/App.hpp>

namespace chela::cli {

/// Formatter for the app and, through inheritance, its commands.
std::shared_ptr<CLI::Formatter> help_formatter();

/// "Example:" and the command line below it.
void add_example(CLI::App&, const std::string& command_line);

/// "--head-dim 64 --causal --dtype bf16 --batch 1 …": a plain problem of the family, for examples.
std::string example_options(const Family&);

/// The known word nearest to `word` by edits, or empty where none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

} // namespace chela::cli
