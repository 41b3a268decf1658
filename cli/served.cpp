#include "cli/served.hpp"

#include "cli/table.hpp"
#include "runtime/json.hpp"

#include <fmt/format.h>

namespace chela::cli {

Served serve(Session& session, const Problem& problem, const ConfigOptions& options) {
    if (!options.given()) {
        const Op op = session.get(problem);
        return {op, std::string(to_string(op.choice().kind)), op.choice().why, op.choice().shipped};
    }
    const Config known = session.choose(problem).config;
    const Config config = options.config(session.device().target(), problem, known);
    return {session.get(problem, config), "given", "chosen on the command line"};
}

std::string Served::text() const { return fmt::format("{} ({}: {})", op.config().to_string(), kind, why); }

nlohmann::ordered_json Served::choice_json() const {
    return {{"kind", kind}, {"why", why}, {"shipped", shipped}};
}

std::string result_text(const Context& context, std::string_view command, Session& session,
                        const Served& served, std::vector<std::pair<std::string, std::string>> lines) {
    if (context.quiet) return describe(context.out, lines);
    lines.insert(lines.begin(), {{"on", session.device().name()}, {"with", served.text()}});
    return fmt::format("{} {}\n", context.out.bold(command), served.op.problem().to_string()) +
           describe(context.out, lines);
}

nlohmann::ordered_json heading_json(std::string_view command, Session& session, const Served& served) {
    return {{"command", command},
            {"problem", to_json(served.op.problem())},
            {"device", session.device().name()},
            {"target", session.device().target().to_string()},
            {"config", to_json(served.op.config())},
            {"choice", served.choice_json()}};
}

} // namespace chela::cli
