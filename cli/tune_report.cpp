#include "cli/tune_report.hpp"

#include "cli/duration.hpp"
#include "cli/table.hpp"
#include "runtime/json.hpp"
#include "tuner/record.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace chela::cli {

namespace {

constexpr std::size_t shown = 10;

/// Name and value of every tunable, the algorithm first.
std::vector<std::pair<std::string, std::string>> parts_of(const Config& config) {
    std::vector<std::pair<std::string, std::string>> parts{
        {"algorithm", std::string(config.algorithm->name())}};
    for (const Field& field : config.algorithm->tunables())
        parts.emplace_back(field.name, config.values.text(field.name));
    return parts;
}

std::string value_in(const Config& config, const std::string& name) {
    for (const auto& [part, value] : parts_of(config))
        if (part == name) return value;
    return "-";
}

struct Columns {
    std::vector<std::string> varying; ///< names of what differs between the configurations
    std::string same;                 ///< what does not: "mma stages=2"
};

Columns columns_of(const std::vector<Config>& configs) {
    std::vector<std::string> names;
    for (const Config& config : configs)
        for (const auto& [name, value] : parts_of(config))
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    Columns columns;
    for (const std::string& name : names) {
        const std::string first = value_in(configs.front(), name);
        const bool same = std::all_of(configs.begin(), configs.end(),
                                      [&](const Config& config) { return value_in(config, name) == first; });
        if (!same) {
            columns.varying.push_back(name);
        } else {
            columns.same += fmt::format("{}{}", columns.same.empty() ? "" : " ",
                                        name == "algorithm" ? first : fmt::format("{}={}", name, first));
        }
    }
    return columns;
}

std::vector<std::string> numbers_of(const Terminal& terminal, const TuneReport& report, std::size_t rank) {
    const Measurement& measurement = report.records[rank].measurement;
    const bool tied =
        std::find(report.ties.begin(), report.ties.end(), report.records[rank].config) != report.ties.end();
    const double winner = report.winner ? report.winner->measurement.median_ms : measurement.median_ms;
    const std::string against = rank == 0 ? "-"
                                : tied    ? "tied"
                                          : fmt::format("{:.2f}x", measurement.median_ms / winner);
    const std::string time = time_text(measurement.median_ms);
    return {fmt::format("{}", rank + 1), rank == 0 ? terminal.green(time) : time,
            "±" + time_text(measurement.spread_ms), against,
            fmt::format("{:.1e}", measurement.relative_error)};
}

const std::vector<Table::Column> number_columns = {
    {"", true}, {"time", true}, {"spread", true}, {"vs best", true}, {"error", true}};

Table table_by_tunables(const Terminal& terminal, const TuneReport& report,
                        const std::vector<Config>& configs, const Columns& columns) {
    auto all = number_columns;
    for (const std::string& name : columns.varying) all.push_back({name, name != "algorithm"});
    Table table(all);
    for (std::size_t rank = 0; rank < configs.size(); ++rank) {
        auto cells = numbers_of(terminal, report, rank);
        for (const std::string& name : columns.varying) cells.push_back(value_in(configs[rank], name));
        table.add(std::move(cells));
    }
    return table;
}

Table table_by_text(const Terminal& terminal, const TuneReport& report, std::size_t count) {
    auto all = number_columns;
    all.push_back({"configuration", false});
    Table table(all);
    for (std::size_t rank = 0; rank < count; ++rank) {
        auto cells = numbers_of(terminal, report, rank);
        cells.push_back(report.records[rank].config);
        table.add(std::move(cells));
    }
    return table;
}

/// What kind of loser a record is, for counting.
std::string kind_of(const TuneReport& report, const Record& record) {
    if (record.measurement.status != Status::ok) {
        std::string kind(to_string(record.measurement.status));
        std::replace(kind.begin(), kind.end(), '_', ' ');
        return kind;
    }
    return std::find(report.ties.begin(), report.ties.end(), record.config) != report.ties.end() ? "tied"
                                                                                                 : "slower";
}

} // namespace

std::string best_table(const Terminal& terminal, const Problem& problem, const TuneReport& report) {
    std::vector<Config> configs;
    for (const Record& record : report.records) {
        if (record.measurement.status != Status::ok || configs.size() == shown) break;
        configs.push_back(config_from(*problem.family, record.config));
    }
    if (configs.empty()) return "";
    if (configs.size() > 1) {
        const Columns columns = columns_of(configs);
        const Table table = table_by_tunables(terminal, report, configs, columns);
        if (table.width() + 2 <= std::min(terminal.width(), 120)) {
            const std::string same =
                columns.same.empty() ? "" : fmt::format("  {} {}\n", terminal.dim("all with"), columns.same);
            return table.to_string(terminal) + same;
        }
    }
    return table_by_text(terminal, report, configs.size()).to_string(terminal);
}

std::string losers_text(const Terminal& terminal, const TuneReport& report) {
    struct Group {
        int count = 0;
        const Record* example = nullptr;
        double slowest = 0;
    };
    std::vector<std::pair<std::string, Group>>
        groups; // in the order of the records: the nearest to winning first
    for (const Record& record : report.records) {
        if (report.winner && record.config == report.winner->config) continue;
        const std::string kind = kind_of(report, record);
        auto found =
            std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == kind; });
        if (found == groups.end()) found = groups.insert(groups.end(), {kind, {0, &record, 0}});
        ++found->second.count;
        found->second.slowest = std::max(found->second.slowest, record.measurement.median_ms);
    }
    if (groups.empty()) return "";
    Table table({{"", true}, {"", false}, {"", false}});
    for (const auto& [kind, group] : groups) {
        const Record& example = *group.example;
        const std::string& detail = example.measurement.detail;
        std::string why =
            fmt::format("e.g. {}: {}", example.config, detail.empty() ? why_not(report, example) : detail);
        if (kind == "tied")
            why = "within the spread; the winner is the default or takes less from the device";
        if (kind == "slower" && report.winner)
            why = fmt::format("up to {:.1f}x; the nearest: {}, {}",
                              group.slowest / report.winner->measurement.median_ms, example.config,
                              why_not(report, example));
        constexpr std::size_t most = 400;
        const bool good = kind == "tied" || kind == "slower";
        std::replace(why.begin(), why.end(), '\n', ' ');
        table.add({fmt::format("{}", group.count), good ? kind : terminal.yellow(kind), shorten(why, most)});
    }
    return table.to_string(terminal);
}

std::string extent_text(const TuneReport& report) {
    if (report.hit)
        return fmt::format("an earlier search of {} candidates serves; nothing was compiled or measured",
                           report.records.size());
    std::string text = fmt::format("tried {} of {} configurations in {}", report.records.size(), report.space,
                                   seconds_text(report.seconds));
    if (report.reused > 0) text += fmt::format(", {} of them known from before", report.reused);
    if (report.cancelled) return text + "; interrupted: the next tune goes on from here";
    if (report.exhausted) return text + ": all there are";
    if (report.budget_ended) return text + "; the time was up";
    return report.trials_ended ? text + "; the trials were used up" : text;
}

nlohmann::ordered_json to_json(const TuneReport& report, const Record& record) {
    nlohmann::ordered_json json{{"config", record.config}};
    json.update(chela::to_json(record.measurement));
    json["effort"] = to_string(record.effort);
    json["when"] = record.when;
    if (!report.winner || record.config != report.winner->config) json["why_not"] = why_not(report, record);
    return json;
}

nlohmann::ordered_json to_json(const TuneReport& report) {
    nlohmann::ordered_json counts = nlohmann::ordered_json::object(),
                           records = nlohmann::ordered_json::array();
    for (const auto& [status, count] : report.counts) counts[std::string(to_string(status))] = count;
    for (const Record& record : report.records) records.push_back(to_json(report, record));
    nlohmann::ordered_json winner;
    if (report.winner) winner = to_json(report, *report.winner);
    return {{"hit", report.hit},
            {"winner", winner},
            {"config", report.config ? chela::to_json(*report.config) : nlohmann::ordered_json()},
            {"ties", report.ties},
            {"counts", counts},
            {"compiled", report.compiled},
            {"measured", report.measured},
            {"reused", report.reused},
            {"space", report.space},
            {"exhausted", report.exhausted},
            {"budget_ended", report.budget_ended},
            {"trials_ended", report.trials_ended},
            {"cancelled", report.cancelled},
            {"seconds", report.seconds},
            {"records", records}};
}

} // namespace chela::cli
