// chela bench: the time of the configuration that serves, and how near it is to what the device can do.

#include "cli/command.hpp"
#include "cli/duration.hpp"
#include "cli/help.hpp"
#include "cli/problem_options.hpp"
#include "cli/roofline.hpp"
#include "cli/served.hpp"
#include "cli/table.hpp"
#include "runtime/provenance.hpp"

#include <nlohmann/json.hpp>

namespace chela::cli {

namespace {

struct Bench {
    Context& context;
    ProblemOptions problem;
    ConfigOptions config;
    std::string samples = "50";

    int act();
};

std::vector<std::pair<std::string, std::string>> lines_of(const BenchResult& result) {
    const double seconds = result.median_ms * 1e-3;
    const auto rate = [&](double work) {
        return seconds > 0 ? quantity_text(work / seconds) : std::string("- ");
    };
    std::vector<std::pair<std::string, std::string>> lines{
        {"time", fmt::format("{} ± {} (median and interquartile range of {})", time_text(result.median_ms),
                             time_text(result.spread_ms), result.samples)},
        {"memory",
         fmt::format("{}B/s of {} at least", rate(result.ideal_bytes), bytes_text(result.ideal_bytes))}};
    if (result.copy_bandwidth > 0)
        lines.back().second += fmt::format("; {:.0f} % of a copy's {}B/s", 100 * result.share_of_copy,
                                           quantity_text(result.copy_bandwidth));
    lines.emplace_back("arithmetic", fmt::format("{}FLOP/s of {}FLOP", rate(result.operations),
                                                 quantity_text(result.operations)));
    if (result.peak_flops > 0)
        lines.back().second += fmt::format("; {:.0f} % of the FMA peak of {}FLOP/s",
                                           100 * result.share_of_peak, quantity_text(result.peak_flops));
    if (result.cold_ms > 0)
        lines.insert(lines.begin() + 1,
                     {"cold", fmt::format("{} with the preparation of {}B, which is done once",
                                          time_text(result.cold_ms),
                                          quantity_text(static_cast<double>(result.prepared_bytes)))});
    if (result.graph_ms > 0)
        lines.insert(
            lines.begin() + 1,
            {"in a graph",
             fmt::format("{} ± {} per launch, {} back to back over {} sets of tensors; {:.0f} % of a copy",
                         time_text(result.graph_ms), time_text(result.graph_spread_ms), result.graph_launches,
                         result.graph_sets, 100 * result.graph_share_of_copy)});
    if (result.host_us > 0)
        lines.emplace_back("host",
                           fmt::format("{:.2f} µs per launch; {:.2f} µs of it chela's", result.host_us,
                                       std::max(0.0, result.host_us - result.bare_us)));
    return lines;
}

int Bench::act() {
    const auto count = static_cast<int>(parse_whole("--samples", samples, 1));
    const Problem wanted = problem.problem();
    Session session = context.open_session();
    const Served served = serve(session, wanted, config);
    const BenchResult result = session.bench(served.op, count);
    context.log_notices(session);
    if (!context.json) {
        print("{}", result_text(context, "bench", session, served, lines_of(result)));
        return done;
    }
    auto json = heading_json("bench", session, served);
    json["provenance"] = provenance(session.device());
    json["median_ms"] = result.median_ms;
    json["spread_ms"] = result.spread_ms;
    json["samples"] = result.samples;
    if (result.cold_ms > 0) {
        json["cold_ms"] = result.cold_ms;
        json["prepared_bytes"] = result.prepared_bytes;
    }
    if (result.graph_ms > 0) {
        json["graph_ms"] = result.graph_ms;
        json["graph_spread_ms"] = result.graph_spread_ms;
        json["graph_launches"] = result.graph_launches;
        json["graph_sets"] = result.graph_sets;
        json["graph_share_of_copy"] = result.graph_share_of_copy;
    }
    json["ideal_bytes"] = result.ideal_bytes;
    json["copy_bandwidth"] = result.copy_bandwidth;
    json["share_of_copy"] = result.share_of_copy;
    json["operations"] = result.operations;
    json["peak_flops"] = result.peak_flops;
    json["share_of_peak"] = result.share_of_peak;
    json["host_us"] = result.host_us;
    json["bare_us"] = result.bare_us;
    print_json(json);
    return done;
}

} // namespace

Action declare_bench(CLI::App& app, Context& context, const Family* family) {
    if (!family) return {};
    const auto bench =
        std::shared_ptr<Bench>(new Bench{context, ProblemOptions(app, *family), ConfigOptions(app, *family)});
    add_target_option(app, context);
    app.add_option("--samples", bench->samples, "timed launches [default: 50]")
        ->type_name("N")
        ->group("Timing");
    add_example(app, fmt::format("chela bench {} {}", family->name(), example_options(*family)));
    return [bench] { return bench->act(); };
}

} // namespace chela::cli
