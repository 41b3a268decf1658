// chela tune: finds the fastest configuration for a problem and remembers it.

#include "cli/command.hpp"
#include "cli/duration.hpp"
#include "cli/help.hpp"
#include "cli/interrupt.hpp"
#include "cli/problem_options.hpp"
#include "cli/table.hpp"
#include "cli/tune_progress.hpp"
#include "cli/tune_report.hpp"
#include "codegen/error.hpp"
#include "runtime/json.hpp"

#include <filesystem>

namespace chela::cli {

namespace {

constexpr double default_budget_seconds = 60;

struct Tune {
    Context& context;
    ProblemOptions problem;
    std::string budget, trials, seed = "0";
    bool force = false, in_process = false, show_source = false;

    TuneOptions options() const;
    int act();
    void show(Session&, const Problem&, const TuneReport&, const std::optional<VerifyResult>&);
};

TuneOptions Tune::options() const {
    TuneOptions options;
    options.force = force;
    options.seed = static_cast<std::uint64_t>(parse_whole("--seed", seed, 0));
    if (!trials.empty()) options.trials = static_cast<int>(parse_whole("--trials", trials, 1));
    if (!budget.empty() && budget != "none") options.budget_seconds = parse_seconds("--budget", budget);
    if (budget.empty() && trials.empty()) options.budget_seconds = default_budget_seconds;
    return options;
}

/// The program itself, for candidates to run in a process that may die.
std::filesystem::path own_program() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error);
}

int Tune::act() {
    const TuneOptions tune_options = options();
    const Problem wanted = problem.problem();
    const Interrupt interrupt; // before any thread of the session starts
    if (context.options.worker_program.empty() && !in_process) context.options.worker_program = own_program();
    Session session = context.open_session();
    if (!context.quiet && !context.json)
        print("{} {}\n  {} {}\n", context.out.bold("tune"), wanted.to_string(), context.out.dim("on"),
              session.device().name());
    std::fflush(stdout);

    TuneReport report;
    {
        TuneProgress progress(context, session, wanted);
        const std::stop_callback on_stop(interrupt.token(), [&] { progress.stopping(); });
        report = session.tune(wanted, tune_options, std::ref(progress), interrupt.token());
    }
    context.log_notices(session);
    for (const std::string& warning : report.warnings) context.warn(warning);

    // The search verified every candidate; its winner is checked once more, on inputs that no candidate has
    // seen.
    std::optional<VerifyResult> verification;
    VerifyOptions fresh;
    fresh.seed = tune_options.seed + 0x5eed;
    if (report.config && !report.hit && !report.cancelled)
        verification = session.verify(session.get(wanted, *report.config), fresh);

    const bool good = report.config && (!verification || verification->passed);
    if (!context.json) {
        show(session, wanted, report, verification);
        return good ? done : failed;
    }
    Json json{{"command", "tune"}, {"problem", to_json(wanted)}};
    json["device"] = session.device().name();
    json["target"] = session.device().target().to_string();
    json["toolchain"] = session.device().toolchain();
    json.update(to_json(report));
    if (report.config) {
        const Choice choice = session.choose(wanted);
        json["choice"] = {{"kind", to_string(choice.kind)}, {"why", choice.why}, {"shipped", choice.shipped}};
        json["roofline"] = Roofline::of(wanted, *report.config).to_json();
        json["verification"] = nullptr;
        if (verification)
            json["verification"] = {{"passed", verification->passed},
                                    {"relative_error", verification->relative_error},
                                    {"bound", wanted.family->error_bound(wanted)},
                                    {"seed", fresh.seed},
                                    {"detail", verification->detail}};
        json["inspect"] =
            fmt::format("chela inspect {} --target {} --emit source", command_line(wanted, &*report.config),
                        session.device().target().to_string());
        if (show_source) {
            Json sources = Json::array();
            for (const Inspection& one :
                 inspect(context.options, session.device().target(), wanted, *report.config, Emit::source))
                sources.push_back({{"entry", one.entry}, {"text", one.text}});
            json["source"] = sources;
        }
    }
    json["database"] = session.database().path().string();
    print_json(json);
    return good ? done : failed;
}

void Tune::show(Session& session, const Problem& wanted, const TuneReport& report,
                const std::optional<VerifyResult>& verification) {
    const Terminal& out = context.out;
    print("\n{}{}\n", out.bold(report.config ? "The best: " : "Nothing survived: "), extent_text(report));
    print("{}", best_table(out, wanted, report));
    if (const std::string losers = losers_text(out, report); !losers.empty())
        print("\n{}\n{}", out.bold(report.config ? "Why the others lost" : "Why"), losers);
    if (!report.config) return;

    const Measurement& best = report.winner->measurement;
    Roofline roofline = Roofline::of(wanted, *report.config);
    if (!report.hit) roofline.measure(session.device());
    std::string speed = fmt::format("{} ± {}", time_text(best.median_ms), time_text(best.spread_ms));
    if (const std::string share = roofline.share_text(best.median_ms); !share.empty()) speed += ", " + share;
    const double seconds = best.median_ms * 1e-3;
    speed += fmt::format(" ({}B/s, {}FLOP/s)", quantity_text(roofline.ideal_bytes / seconds),
                         quantity_text(roofline.operations / seconds));
    const double bound = wanted.family->error_bound(wanted);
    std::string checked = fmt::format("error {:.2e}, bound {:.1e}", best.relative_error, bound);
    if (verification)
        checked += verification->passed ? fmt::format("; again on other inputs: {:.2e} {}",
                                                      verification->relative_error, out.green("passed"))
                                        : fmt::format("; again on other inputs: {} {}", out.red("FAILED"),
                                                      verification->detail);
    const Choice choice = session.choose(wanted);
    print("\n{}\n{}", out.bold("Winner"),
          describe(out, {{"config", report.config->to_string()},
                         {"time", speed},
                         {"verified", checked},
                         {"remembered", fmt::format("{} ({} from now on)", session.database().path().string(),
                                                    to_string(choice.kind))}}));
    // Not wrapped, so that it can be copied. Without its tunables: they are remembered.
    print("  {}      chela inspect {} --target {} --emit source\n", out.dim("source"), command_line(wanted),
          session.device().target().to_string());
    if (show_source)
        for (const Inspection& one :
             inspect(context.options, session.device().target(), wanted, *report.config, Emit::source))
            print("\n{}", one.text);
}

} // namespace

Action declare_tune(CLI::App& app, Context& context, const Family* family) {
    if (!family) return {};
    const auto tune = std::shared_ptr<Tune>(new Tune{context, ProblemOptions(app, *family), {}, {}, "0"});
    add_target_option(app, context);
    const std::string group = "Search";
    app.add_option("--budget", tune->budget,
                   "time to spend: 500ms, 60s, 2m, or none [default: 60s, none with --trials]")
        ->type_name("TIME")
        ->group(group);
    app.add_option("--trials", tune->trials, "configurations to try at most")->type_name("N")->group(group);
    app.add_option("--seed", tune->seed, "order in which they are tried [default: 0]")
        ->type_name("N")
        ->group(group);
    app.add_flag("--force", tune->force, "measure again what is known")->group(group);
    app.add_flag("--in-process", tune->in_process,
                 "run candidates here: faster to start, but one that crashes ends the search")
        ->group(group);
    app.add_flag("--show-source", tune->show_source, "print the winner's source")->group(group);
    add_example(app, fmt::format("chela tune {} {} --budget 60s", family->name(), example_options(*family)));
    return [tune] { return tune->act(); };
}

} // namespace chela::cli
