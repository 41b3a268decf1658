#pragma once
// What the general options say, and how a command speaks: results on standard output, logs on standard error.

#include "cli/terminal.hpp"
#include "runtime/session.hpp"

#include <CLI/App.hpp>
#include <fmt/format.h>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace chela::cli {

struct Context {
    bool json = false;  ///< exactly one object on standard output
    bool quiet = false; ///< errors alone on standard error, results without explanations
    Options options = Options::from_env();
    Terminal out{stdout};
    Terminal err{stderr};

    /// A session with these options; says what the user should know of it.
    Session open_session() const;
    /// Logs what happened in the session since the last call.
    void log_notices(Session&) const;
    /// One line on standard error, unless quiet.
    void note(std::string_view message) const;
    void warn(std::string_view message) const;
};

/// --json, --quiet, --cache.
void add_general_options(CLI::App&, Context&);
/// --target for commands that use a device.
void add_target_option(CLI::App&, Context&);

/// The one object of --json.
void print_json(const nlohmann::ordered_json&);

template <class... Arguments>
void print(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::print(stdout, format, std::forward<Arguments>(arguments)...);
}

} // namespace chela::cli
