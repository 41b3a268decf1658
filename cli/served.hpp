#pragma once
// The operation that a command works with: what the user chose by hand, or else the best that is known.

#include "cli/config_options.hpp"
#include "cli/context.hpp"
#include "codegen/family.hpp"

#include <nlohmann/json.hpp>

namespace chela::cli {

struct Served {
    Op op;
    std::string kind; ///< of the choice, or "given"
    std::string why;
    bool shipped = false;

    /// "mma chunk=64 … (bucketed: …)".
    std::string text() const;
    /// {"kind", "why", "shipped"}.
    nlohmann::ordered_json choice_json() const;
};

Served serve(Session&, const Problem&, const ConfigOptions&);

/// A result for people: command, problem, device and configuration (left out if the context is quiet), then
/// `lines`.
std::string result_text(const Context&, std::string_view command, Session&, const Served&,
                        std::vector<std::pair<std::string, std::string>> lines);
/// What every result as JSON begins with: {"command", "problem", "device", "target", "config", "choice"}.
nlohmann::ordered_json heading_json(std::string_view command, Session&, const Served&);

} // namespace chela::cli
