// chela inspect: what is generated for a problem, down to machine code and resources. Needs no device.

#include "cli/command.hpp"
#include "cli/help.hpp"
#include "cli/problem_options.hpp"
#include "cli/roofline.hpp"
#include "cli/served.hpp"
#include "cli/table.hpp"
#include "codegen/error.hpp"
#include "runtime/json.hpp"
#include "runtime/shipped.hpp"

#include <array>

namespace chela::cli {

namespace {

constexpr std::array<std::pair<const char*, Emit>, 6> emits = {{{"source", Emit::source},
                                                                {"ptx", Emit::ptx},
                                                                {"sass", Emit::sass},
                                                                {"llvm", Emit::llvm},
                                                                {"asm", Emit::assembly},
                                                                {"resources", Emit::resources}}};

std::string emit_names() {
    std::string names;
    for (const auto& [name, emit] : emits) names += fmt::format("{}{}", names.empty() ? "" : "|", name);
    return names;
}

struct Inspect {
    Context& context;
    ProblemOptions problem;
    ConfigOptions config;
    std::string emit = "source";

    int act();
    Emit emitted() const;
    Target target() const;
    Choice choose(const Target&, const Problem&) const;
    void show_resources(const Target&, const Problem&, const Config&, const std::vector<Inspection>&) const;
};

Emit Inspect::emitted() const {
    for (const auto& [name, value] : emits)
        if (emit == name) return value;
    throw UserError(fmt::format("--emit is '{}'; it must be one of {}", emit, emit_names()));
}

/// An architecture needs no device; only "cuda" and no target at all ask for the one that is here.
Target Inspect::target() const {
    const std::string& text = context.options.target;
    if (text.empty() || text.starts_with("cuda")) return context.open_session().device().target();
    return Target::parse(text);
}

/// The best that the tuning database, or the shipped table, knows of the target, whichever device it was
/// tuned on.
Choice Inspect::choose(const Target& of, const Problem& wanted) const {
    RunnerInfo here;
    here.target = of;
    if (context.options.cache_folder.empty()) return chela::choose(wanted, here, nullptr, &shipped_table());
    Options any = context.options;
    any.target = "cpu";
    Session session(any);
    if (of == session.device().target()) here = session.info();
    const Choice choice = chela::choose(wanted, here, &session.database(), &shipped_table());
    context.log_notices(session);
    return choice;
}

void Inspect::show_resources(const Target& of, const Problem& wanted, const Config& with,
                             const std::vector<Inspection>& inspections) const {
    const Terminal& out = context.out;
    std::vector<Json> kernels;
    for (const Inspection& one : inspections) kernels.push_back(Json::parse(one.resources_json));
    // Kernels side by side: one column each.
    std::vector<Table::Column> columns{{"", false}};
    std::vector<std::string> names;
    for (const Json& kernel : kernels) {
        columns.push_back({kernel.value("entry", ""), true});
        for (const auto& [name, value] : kernel.items())
            if (name != "entry" && std::find(names.begin(), names.end(), name) == names.end())
                names.push_back(name);
    }
    Table table(columns);
    for (const std::string& name : names) {
        std::string title = name;
        std::replace(title.begin(), title.end(), '_', ' ');
        std::vector<std::string> cells{title};
        for (const Json& kernel : kernels) {
            const Json value = kernel.value(name, Json());
            cells.push_back(value.is_null()           ? "-"
                            : value.is_string()       ? value.get<std::string>()
                            : value.is_number_float() ? fmt::format("{:.1f}", value.get<double>())
                                                      : value.dump());
        }
        table.add(std::move(cells));
    }
    const Roofline roofline = Roofline::of(wanted, with);
    print("{} {}\n{}\n{}\n{}\n{}", out.bold("inspect"), wanted.to_string(),
          describe(out, {{"for", of.to_string()}, {"with", with.to_string()}}), table.to_string(out),
          out.bold("Roofline"),
          describe(out, {{"ideal bytes", fmt::format("{} (each tensor read or written once)",
                                                     bytes_text(roofline.ideal_bytes))},
                         {"operations", quantity_text(roofline.operations) + "FLOP"},
                         {"intensity", fmt::format("{:.1f} FLOP per byte", roofline.intensity())}}));
}

int Inspect::act() {
    const Emit what = emitted();
    const Problem wanted = problem.problem();
    const Target of = target();
    Choice choice = choose(of, wanted);
    if (config.given())
        choice = {config.config(of, wanted, choice.config), Choice::Kind::exact,
                  "chosen on the command line"};
    const std::string kind = config.given() ? "given" : std::string(to_string(choice.kind));
    const auto inspections = inspect(context.options, of, wanted, choice.config, what);
    if (context.json) {
        Json json{{"command", "inspect"},
                  {"problem", to_json(wanted)},
                  {"target", of.to_string()},
                  {"config", to_json(choice.config)},
                  {"choice", {{"kind", kind}, {"why", choice.why}, {"shipped", choice.shipped}}},
                  {"emit", emit}};
        json["roofline"] = Roofline::of(wanted, choice.config).to_json();
        json["kernels"] = Json::array();
        for (const Inspection& one : inspections) {
            Json kernel{{"entry", one.entry}};
            if (what == Emit::resources)
                kernel["resources"] = Json::parse(one.resources_json);
            else
                kernel["text"] = one.text;
            json["kernels"].push_back(std::move(kernel));
        }
        print_json(json);
        return done;
    }
    context.note(fmt::format("{} ({}: {})", choice.config.to_string(), kind, choice.why));
    if (what == Emit::resources) {
        show_resources(of, wanted, choice.config, inspections);
        return done;
    }
    for (const Inspection& one : inspections) {
        if (inspections.size() > 1) context.note(fmt::format("kernel {}", one.entry));
        print("{}{}", one.text, one.text.ends_with('\n') ? "" : "\n");
    }
    return done;
}

} // namespace

Action declare_inspect(CLI::App& app, Context& context, const Family* family) {
    if (!family) return {};
    const auto inspect = std::shared_ptr<Inspect>(
        new Inspect{context, ProblemOptions(app, *family), ConfigOptions(app, *family)});
    app.add_option("--target", context.options.target,
                   "sm_80 … sm_120a, cpu, emulator:sm_90a, or cuda, cuda:1 for that device (default: the "
                   "device here)")
        ->type_name("TARGET")
        ->group("Where");
    app.add_option("--emit", inspect->emit, "what to show [default: source]")
        ->type_name(emit_names())
        ->group("Output");
    add_example(app, fmt::format("chela inspect {} {} --target sm_90a --emit resources", family->name(),
                                 example_options(*family)));
    return [inspect] { return inspect->act(); };
}

} // namespace chela::cli
