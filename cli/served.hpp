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

    /// "mma chunk=64 … (bucketed: …)".
    std::string text() const;
    /// {"kind", "why"}.
    nlohmann::ordered_json choice_json() const;
};

Served serve(Session&, const Problem&, const ConfigOptions&);

/// The lines that every result begins with: problem, device, configuration.
std::string heading(const Context&, std::string_view command, Session&, const Served&);
/// The same as JSON: {"command", "problem", "device", "target", "config", "choice"}.
nlohmann::ordered_json heading_json(std::string_view command, Session&, const Served&);

} // namespace chela::cli
