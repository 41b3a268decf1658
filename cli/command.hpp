#pragma once
// What every command is made of. A command declares its options; what it returns runs once they are parsed.

#include "cli/context.hpp"
#include "codegen/family.hpp"

#include <CLI/App.hpp>
#include <functional>
#include <span>

namespace chela::cli {

/// The exit codes of the program.
enum Exit {
    done = 0,
    failed = 1,        ///< a verification failed, or no candidate survived
    bad_input = 2,     ///< usage or input
    machine_failed = 3 ///< device or compiler
};

using Action = std::function<int()>;

struct Command {
    const char* name;
    const char* summary;
    bool of_family; ///< takes FAMILY and the options that its schemas say
    bool hidden;
    /// Adds the command's options to `app`. `family` is null where none is named (for the help of the
    /// command). The context and what the action captures outlive the app.
    Action (*declare)(CLI::App& app, Context& context, const Family* family);
};

std::span<const Command> commands();

// One file each: command_NAME.cpp.
Action declare_devices(CLI::App&, Context&, const Family*);
Action declare_list(CLI::App&, Context&, const Family*);
Action declare_tune(CLI::App&, Context&, const Family*);
Action declare_verify(CLI::App&, Context&, const Family*);
Action declare_run(CLI::App&, Context&, const Family*);
Action declare_inspect(CLI::App&, Context&, const Family*);
Action declare_bench(CLI::App&, Context&, const Family*);
Action declare_cache(CLI::App&, Context&, const Family*);
Action declare_worker(CLI::App&, Context&, const Family*);

} // namespace chela::cli
