#include "tuner/record.hpp"

#include "codegen/error.hpp"
#include "tuner/bucket.hpp"

#include <chrono>
#include <ctime>
#include <set>
#include <tuple>

namespace chela {

std::string_view chela_version() { return CHELA_VERSION; }

std::string utc_now() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[sizeof "2026-11-22T10:11:12Z"];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

TuningPoint tuning_point(const Problem& problem, const RunnerInfo& info) {
    return {.problem_key = problem_key(problem),
            .family = std::string(problem.family->name()),
            .traits = problem.traits.to_string(),
            .extents = problem.extents.to_string(),
            .device = info.device,
            .target = info.target.to_string(),
            .toolchain = info.toolchain,
            .chela_version = std::string(chela_version())};
}

Record make_record(const TuningPoint& point, const Config& config, const Measurement& measurement,
                   Effort effort) {
    return {point, config.to_string(), measurement, effort, utc_now()};
}

bool ranks_before(const Record& a, const Record& b) {
    const auto order = [](const Record& record) {
        const bool ok = record.measurement.status == Status::ok;
        return std::tuple(record.measurement.status, ok ? record.measurement.median_ms : 0.0,
                          std::string_view(record.config));
    };
    return order(a) < order(b);
}

Values values_from(const Schema& schema, std::string_view text) {
    Values values(schema);
    std::set<std::string_view> seen;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) continue;
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) {
            throw UserError("'" + std::string(word) + "' is not of the form name=value");
        }
        if (!seen.insert(word.substr(0, equals)).second) {
            throw UserError("'" + std::string(word.substr(0, equals)) + "' is given twice");
        }
        values.parse(word.substr(0, equals), word.substr(equals + 1));
    }
    return values;
}

Config config_from(const Family& family, std::string_view text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const Algorithm& algorithm = family.algorithm(text.substr(0, end));
    return {&algorithm, values_from(algorithm.tunables(), text.substr(end))};
}

Config admitted_config(const Family& family, const Target& target, const Values& traits,
                       std::string_view text) {
    Config config = config_from(family, text);
    std::string reason = config.algorithm->rejects(target, traits);
    if (reason.empty()) reason = config.algorithm->rejects(target, traits, config.values);
    if (!reason.empty())
        throw UserError("configuration '" + std::string(text) + "' is not admitted: " + reason);
    return config;
}

} // namespace chela
