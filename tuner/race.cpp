#include "tuner/race.hpp"

#include <algorithm>
#include <tuple>

namespace chela {
namespace {

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

} // namespace

Footprint footprint(const Problem& problem, const Target& target, const Config& config) {
    const Program program = config.algorithm->generate(target, problem.traits, config.values);
    Footprint result;
    result.launches = static_cast<std::int64_t>(program.kernels.size());
    result.workspace_bytes = program.workspace_bytes.evaluate(problem.extents);
    for (const Kernel& kernel : program.kernels) {
        result.shared_bytes = std::max(result.shared_bytes, kernel.launch.shared_bytes);
        result.threads = std::max<std::int64_t>(result.threads, kernel.launch.block);
    }
    return result;
}

Measurement combine(const std::vector<Measurement>& rounds) {
    Measurement result = rounds.front();
    std::vector<double> medians;
    std::vector<double> spreads;
    result.samples = 0;
    for (const Measurement& round : rounds) {
        medians.push_back(round.median_ms);
        spreads.push_back(round.spread_ms);
        result.samples += round.samples;
        result.relative_error = std::max(result.relative_error, round.relative_error);
    }
    const auto [least, most] = std::minmax_element(medians.begin(), medians.end());
    result.spread_ms = std::max(median(spreads), *most - *least);
    result.median_ms = median(medians);
    return result;
}

bool tied(const Measurement& faster, const Measurement& slower) {
    const double allowed =
        std::min(std::max(faster.spread_ms, slower.spread_ms), largest_tie * faster.median_ms);
    return slower.median_ms - faster.median_ms <= allowed;
}

std::vector<Contender> decide(const Problem& problem, const Target& target,
                              std::vector<Contender> contenders) {
    const Measurement fastest =
        std::min_element(contenders.begin(), contenders.end(), [](const auto& a, const auto& b) {
            return a.measurement.median_ms < b.measurement.median_ms;
        })->measurement;
    std::vector<std::tuple<Footprint, std::string, Contender>> ties;
    for (Contender& contender : contenders) {
        if (!tied(fastest, contender.measurement)) continue;
        ties.emplace_back(footprint(problem, target, contender.config), contender.config.to_string(),
                          std::move(contender));
    }
    std::sort(ties.begin(), ties.end(), [](const auto& a, const auto& b) {
        return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
    });
    std::vector<Contender> result;
    for (auto& tie : ties) result.push_back(std::move(std::get<2>(tie)));
    return result;
}

} // namespace chela
