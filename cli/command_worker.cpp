// chela worker: measures candidates for a tuning process, which starts it; see runtime/worker.hpp.

#include "cli/command.hpp"
#include "runtime/worker.hpp"
#include "templates/families.hpp"

#include <csignal>
#include <iostream>

namespace chela::cli {

Action declare_worker(CLI::App& app, Context& context, const Family*) {
    add_target_option(app, context);
    return [&context] {
        // Ctrl-C in a terminal reaches every process; the tuning process decides what then happens.
        std::signal(SIGINT, SIG_IGN);
        context.options.worker_program.clear();
        Session session(context.options);
        const auto runner = session.runner();
        return worker_main(std::cin, std::cout, *runner,
                           [](std::string_view name) -> const Family& { return family(name); });
    };
}

} // namespace chela::cli
