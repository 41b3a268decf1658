#include "tuner/report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

namespace chela {

std::string why_not(const TuneReport& report, const Record& record) {
    const Measurement& measurement = record.measurement;
    if (measurement.status != Status::ok) {
        std::string why(to_string(measurement.status));
        std::replace(why.begin(), why.end(), '_', ' ');
        if (measurement.status == Status::wrong) why += fmt::format(" by {:.3g}", measurement.relative_error);
        return measurement.detail.empty() ? why : why + ": " + measurement.detail;
    }
    if (!report.winner || record.config == report.winner->config) return "";
    const Record& winner = *report.winner;
    if (std::find(report.ties.begin(), report.ties.end(), record.config) != report.ties.end()) {
        return "tied; the winner is the default, takes less from the device or comes first by name";
    }
    if (record.effort < winner.effort && measurement.median_ms <= winner.measurement.median_ms) {
        return "slower than every finalist when all were measured quickly";
    }
    return fmt::format("{:.2f}x slower", measurement.median_ms / winner.measurement.median_ms);
}

void summarise(TuneReport& report, std::vector<Record> records, const std::string& winner) {
    const auto group = [&](const Record& record) {
        if (record.config == winner) return 0;
        if (record.measurement.status != Status::ok) return 3;
        return record.effort == Effort::thorough ? 1 : 2;
    };
    std::sort(records.begin(), records.end(), [&](const Record& a, const Record& b) {
        return group(a) != group(b) ? group(a) < group(b) : ranks_before(a, b);
    });
    report.counts.clear();
    for (const Record& record : records) ++report.counts[record.measurement.status];
    report.winner.reset();
    if (!winner.empty() && !records.empty()) report.winner = records.front();
    report.records = std::move(records);
}

} // namespace chela
