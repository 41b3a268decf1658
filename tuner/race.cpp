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

/// Times that may be compared: the median over the rounds of the time as a multiple of the round's mean, or,
/// where there were no rounds, the medians.
std::vector<double> comparable_times(const std::vector<Contender>& contenders) {
    std::vector<double> times;
    for (const Contender& one : contenders) {
        std::vector<double> multiples;
        for (std::size_t round = 0; round < one.rounds.size(); ++round) {
            double sum = 0;
            for (const Contender& other : contenders) sum += other.rounds.at(round);
            multiples.push_back(one.rounds[round] / sum * static_cast<double>(contenders.size()));
        }
        times.push_back(multiples.empty() ? one.measurement.median_ms : median(std::move(multiples)));
    }
    return times;
}

} // namespace

Footprint footprint(const Problem& problem, const Target& target, const Config& config) {
    const Program program = config.algorithm->generate(target, problem.traits, config.values);
    Footprint result;
    result.memory_bytes =
        program.workspace_bytes.evaluate(problem.extents) + program.prepared_bytes.evaluate(problem.extents);
    for (const Kernel& kernel : program.kernels) {
        if (!kernel.prepares) ++result.launches;
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
    const std::vector<double> times = comparable_times(contenders);
    const std::size_t fastest = std::min_element(times.begin(), times.end()) - times.begin();
    const auto with_time = [&](std::size_t i) {
        Measurement measurement = contenders[i].measurement;
        measurement.spread_ms *= times[i] / measurement.median_ms;
        measurement.median_ms = times[i];
        return measurement;
    };
    std::vector<std::tuple<bool, Footprint, std::string, Contender>> ties;
    for (std::size_t i = 0; i < contenders.size(); ++i) {
        if (!tied(with_time(fastest), with_time(i))) continue;
        const Contender& one = contenders[i];
        ties.emplace_back(!one.is_default, footprint(problem, target, one.config), one.config.to_string(),
                          one);
    }
    std::sort(ties.begin(), ties.end(), [](const auto& a, const auto& b) {
        return std::tie(std::get<0>(a), std::get<1>(a), std::get<2>(a)) <
               std::tie(std::get<0>(b), std::get<1>(b), std::get<2>(b));
    });
    std::vector<Contender> result;
    for (auto& tie : ties) result.push_back(std::move(std::get<3>(tie)));
    return result;
}

} // namespace chela
