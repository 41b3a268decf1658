#include "cli/context.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace chela::cli {

Session Context::open_session() const {
    Session session(options);
    log_notices(session);
    return session;
}

void Context::log_notices(Session& session) const {
    for (const std::string& notice : session.take_notices()) note(notice);
}

void Context::note(std::string_view message) const {
    if (!quiet) spdlog::get("chela")->info(message);
}

void Context::warn(std::string_view message) const {
    if (!quiet) spdlog::get("chela")->warn(message);
}

void add_general_options(CLI::App& app, Context& context) {
    constexpr const char* group = "General";
    app.set_help_flag("--help,-h", "print this and exit")->group(group); // listed last
    app.add_flag("--json", context.json, "print one JSON object; logs go to standard error")->group(group);
    app.add_flag("--quiet", context.quiet, "say nothing but results and errors")->group(group);
    app.add_option_function<std::string>(
           "--cache", [&context](const std::string& folder) { context.options.cache_folder = folder; },
           "folder of compiled binaries and tuned records (default: $CHELA_CACHE, else ~/.cache/chela)")
        ->type_name("DIR")
        ->group(group);
}

void add_target_option(CLI::App& app, Context& context) {
    app.add_option(
           "--target", context.options.target,
           "cpu, cuda, cuda:1 or emulator:sm_90a (default: $CHELA_TARGET, else the first GPU, else cpu)")
        ->type_name("DEVICE")
        ->group("Where");
    app.add_option_function<std::string>(
           "--check", [&context](const std::string&) { context.options.emulator_check_race = true; },
           "race: on an emulated GPU, look for races between threads in shared memory")
        ->check(CLI::IsMember({"race"}))
        ->type_name("race")
        ->group("Where");
}

void print_json(const nlohmann::ordered_json& object) {
    // Text from outside (file names, compiler logs) need not be UTF-8.
    print("{}\n", object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

} // namespace chela::cli
