#include "tuner/tune_options.hpp"

#include "codegen/error.hpp"

#include <string>

namespace chela {

void check(const TuneOptions& options) {
    const auto require = [](bool good, const std::string& what, auto value, const std::string& right) {
        if (!good) throw UserError(what + " is " + std::to_string(value) + "; it must be " + right);
    };
    require(options.budget_seconds >= 0 && options.budget_seconds < 1e9, "budget_seconds",
            options.budget_seconds, "0 (no limit) or more");
    require(options.trials >= 0, "trials", options.trials, "0 (no limit) or more");
    require(options.compile_threads >= 0, "compile_threads", options.compile_threads, "0 (advised) or more");
    require(options.finalists >= 1, "finalists", options.finalists, "1 or more");
    require(options.rounds >= 1, "rounds", options.rounds, "1 or more");
}

} // namespace chela
