// The program `chela`: parses, acts, and turns errors into messages and exit codes.

#include "cli/command_line.hpp"
#include "codegen/error.hpp"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace chela::cli {
namespace {

void set_up_logging() {
    auto logger = spdlog::stderr_color_mt("chela"); // the runtime logs under this name too
    logger->set_pattern("chela: %^%v%$");
    logger->set_level(spdlog::level::info);
}

/// The end of a compiler's log: its last lines say what went wrong, its first ones usually which file.
std::string tail(const std::string& log) {
    constexpr std::size_t most = 4000;
    return log.size() <= most ? log : "…" + log.substr(log.size() - most);
}

int report(bool json, Exit code, const char* kind, const std::string& message,
           const CompileError* compile = nullptr) {
    if (json) {
        nlohmann::ordered_json error{{"kind", kind}, {"message", message}};
        if (compile) {
            error["log"] = compile->log;
            error["source_path"] = compile->source_path;
        }
        print_json({{"error", error}});
        return code;
    }
    std::fflush(stdout);
    spdlog::get("chela")->error(message);
    if (compile && !compile->log.empty()) fmt::print(stderr, "{}\n", tail(compile->log));
    if (compile && !compile->source_path.empty())
        spdlog::get("chela")->info("the source was kept in {}", compile->source_path);
    return code;
}

int run(const std::vector<std::string>& words) {
    // Asked for before anything is parsed, so that a parse error too is one object.
    const bool json = std::find(words.begin(), words.end(), "--json") != words.end();
    try {
        Context context;
        const Parsed parsed = parse_command_line(words, context);
        if (context.quiet) spdlog::get("chela")->set_level(spdlog::level::err);
        if (parsed.action) return parsed.action();
        fmt::print(stdout, "{}", parsed.text);
        return done;
    } catch (const UserError& error) {
        return report(json, bad_input, "input", error.what());
    } catch (const CompileError& error) {
        return report(json, machine_failed, "compile", error.what(), &error);
    } catch (const DeviceError& error) {
        return report(json, machine_failed, "device", error.what());
    } catch (const std::bad_alloc&) {
        return report(json, machine_failed, "memory", "there is not enough memory on the host");
    } catch (const std::exception& error) {
        return report(json, machine_failed, "internal", error.what());
    }
}

} // namespace
} // namespace chela::cli

int main(int count, char** words) {
    std::signal(SIGPIPE, SIG_IGN); // a reader that leaves early (head) is noticed below
    chela::cli::set_up_logging();
    int code = chela::cli::run({words + std::min(count, 1), words + count});
    if (std::fflush(stdout) != 0 && code == chela::cli::done) code = chela::cli::bad_input;
    return code;
}
