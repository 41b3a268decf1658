// chela verify: a real run against the float64 definition.

#include "cli/command.hpp"
#include "cli/help.hpp"
#include "cli/problem_options.hpp"
#include "cli/served.hpp"
#include "cli/table.hpp"
#include "codegen/error.hpp"

#include <nlohmann/json.hpp>

namespace chela::cli {

namespace {

struct Verify {
    Context& context;
    ProblemOptions problem;
    ScalarOptions scalars;
    ConfigOptions config;
    std::string seed = "1", value_scale = "1", layout = "contiguous";
    bool without_optional = false;

    VerifyOptions options() const;
    int act();
};

VerifyOptions Verify::options() const {
    VerifyOptions options;
    options.seed = static_cast<std::uint64_t>(parse_whole("--seed", seed, 0));
    options.value_scale = parse_number("--value-scale", value_scale);
    options.layout = layout_from(layout);
    options.optional_inputs = options.optional_outputs = !without_optional;
    options.scalars = scalars.given();
    return options;
}

int Verify::act() {
    const VerifyOptions with = options();
    const Problem wanted = problem.problem();
    Session session = context.open_session();
    const Served served = serve(session, wanted, config);
    const VerifyResult result = session.verify(served.op, with);
    context.log_notices(session);
    const double bound =
        result.output.empty()
            ? wanted.family->error_bound(wanted)
            : wanted.family->tensor_error_bound(wanted, wanted.family->tensor(result.output));
    if (context.json) {
        auto json = heading_json("verify", session, served);
        json["passed"] = result.passed;
        json["relative_error"] = result.relative_error;
        json["bound"] = bound;
        json["output"] = result.output;
        json["detail"] = result.detail;
        json["seed"] = with.seed;
        json["value_scale"] = with.value_scale;
        json["placement"] = to_string(with.layout);
        print_json(json);
        return result.passed ? done : failed;
    }
    const Terminal& out = context.out;
    print("{}", result_text(context, "verify", session, served,
                            {{"inputs", with.to_string()},
                             {"error", fmt::format("{:.3e} of {}, rms(out - ref) / rms(ref); bound {:.1e}",
                                                   result.relative_error, result.output, bound)}}));
    if (result.passed) {
        print("{}\n", out.green("passed"));
        return done;
    }
    print("{} {}\n", out.red("FAILED"), result.detail);
    return failed;
}

} // namespace

Action declare_verify(CLI::App& app, Context& context, const Family* family) {
    if (!family) return {};
    const auto verify = std::shared_ptr<Verify>(new Verify{
        context, ProblemOptions(app, *family), ScalarOptions(app, *family), ConfigOptions(app, *family)});
    add_target_option(app, context);
    const std::string group = "Inputs";
    app.add_option("--seed", verify->seed, "of the random inputs [default: 1]")->type_name("N")->group(group);
    app.add_option("--value-scale", verify->value_scale, "multiplies every input [default: 1]")
        ->type_name("X")
        ->group(group);
    app.add_option("--placement", verify->layout, "of the tensors in memory [default: contiguous]")
        ->type_name("contiguous|heads_first|padded_rows")
        ->group(group);
    app.add_flag("--without-optional", verify->without_optional, "leave optional tensors out")->group(group);
    add_example(app, fmt::format("chela verify {} {}", family->name(), example_options(*family)));
    return [verify] { return verify->act(); };
}

} // namespace chela::cli
