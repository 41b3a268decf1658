#include "tuner/search.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>

namespace chela {

std::size_t SearchOrder::ConfigHash::operator()(const Config& config) const {
    return std::hash<const void*>()(config.algorithm) ^ config.values.hash();
}

SearchOrder::SearchOrder(const std::vector<Config>& space, const std::vector<Config>& first,
                         std::uint64_t seed, std::size_t sample)
    : sample_left_(sample) {
    for (const Config& config : first) add(config);
    defaults_ = configs_.size();

    // std::shuffle differs between standard libraries; sorting by random keys does not.
    std::mt19937_64 random(seed);
    std::vector<std::uint64_t> keys(space.size());
    std::generate(keys.begin(), keys.end(), std::ref(random));
    std::vector<std::size_t> order(space.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
    for (const std::size_t i : order) add(space[i]);

    for (auto& [algorithm, tunables] : tunables_) {
        for (Tunable& tunable : tunables) std::sort(tunable.values.begin(), tunable.values.end());
    }
    proposed_.resize(configs_.size());
}

std::size_t SearchOrder::add(const Config& config) {
    const auto [found, added] = index_.emplace(config, configs_.size());
    if (!added) return found->second;
    configs_.push_back(config);
    auto& tunables = tunables_[config.algorithm];
    tunables.resize(config.values.raw().size());
    for (std::size_t i = 0; i < tunables.size(); ++i) {
        if (tunables[i].seen.emplace(config.values.at(i), 0).second) {
            tunables[i].values.push_back(config.values.at(i));
        }
    }
    return found->second;
}

std::optional<Config> SearchOrder::next() {
    while (next_default_ < defaults_ && proposed_[next_default_]) ++next_default_;
    if (next_default_ < defaults_) return propose(next_default_);
    if (sample_left_ > 0) {
        --sample_left_;
        if (const auto index = least_seen()) return propose(*index);
    }
    if (const auto index = neighbour_of_best()) return propose(*index);
    while (next_rest_ < configs_.size() && proposed_[next_rest_]) ++next_rest_;
    if (next_rest_ < configs_.size()) return propose(next_rest_);
    return std::nullopt;
}

Config SearchOrder::propose(std::size_t index) {
    proposed_[index] = true;
    const Config& config = configs_[index];
    auto& tunables = tunables_[config.algorithm];
    // A tunable of many values would outweigh one of two if each sight of a value counted the same.
    for (std::size_t i = 0; i < tunables.size(); ++i) {
        tunables[i].seen[config.values.at(i)] += static_cast<double>(tunables[i].values.size());
    }
    algorithm_seen_[config.algorithm] += 1;
    return config;
}

std::optional<std::size_t> SearchOrder::least_seen() const {
    const auto score = [&](const Config& config) {
        const auto& tunables = tunables_.at(config.algorithm);
        double sum = 0;
        for (std::size_t i = 0; i < tunables.size(); ++i) sum += tunables[i].seen.at(config.values.at(i));
        const auto of_algorithm = algorithm_seen_.find(config.algorithm);
        return std::pair(of_algorithm == algorithm_seen_.end() ? 0 : of_algorithm->second, sum);
    };
    std::optional<std::size_t> best;
    std::pair<double, double> best_score;
    for (std::size_t i = 0; i < configs_.size(); ++i) {
        if (proposed_[i]) continue;
        const auto of_this = score(configs_[i]);
        if (!best || of_this < best_score) {
            best = i;
            best_score = of_this;
        }
    }
    return best;
}

std::optional<std::size_t> SearchOrder::neighbour_of_best() {
    for (Timed& timed : timed_) {
        if (timed.exhausted) continue;
        if (const auto neighbour = unproposed_neighbour(configs_[timed.index])) return neighbour;
        timed.exhausted = true;
    }
    return std::nullopt;
}

void SearchOrder::each_change(const Config& config, const Change& visit) const {
    const Schema& schema = config.algorithm->tunables();
    const auto& tunables = tunables_.at(config.algorithm);
    for (std::size_t i = 0; i < tunables.size(); ++i) {
        const auto& values = tunables[i].values;
        const auto here =
            std::lower_bound(values.begin(), values.end(), config.values.at(i)) - values.begin();
        for (std::size_t j = 0; j < values.size(); ++j) {
            const std::ptrdiff_t steps = std::abs(static_cast<std::ptrdiff_t>(j) - here);
            if (steps == 0) continue;
            Config changed = config;
            changed.values.set(schema[i].name, values[j]);
            visit(i, changed, steps);
        }
    }
}

std::optional<std::size_t> SearchOrder::unproposed_neighbour(const Config& config) const {
    std::optional<std::size_t> nearest;
    std::ptrdiff_t nearest_steps = 0;
    const auto consider = [&](std::size_t index, std::ptrdiff_t steps) {
        if (proposed_[index] || (nearest && steps >= nearest_steps)) return;
        nearest = index;
        nearest_steps = steps;
    };
    struct Outside {
        std::size_t tunable;
        Config changed;
        std::ptrdiff_t steps;
    };
    std::vector<Outside> outside;
    each_change(config, [&](std::size_t tunable, const Config& changed, std::ptrdiff_t steps) {
        const auto found = index_.find(changed);
        if (found == index_.end())
            outside.push_back({tunable, changed, steps});
        else
            consider(found->second, steps);
    });
    if (nearest) return nearest;
    for (const Outside& first : outside) {
        std::optional<std::size_t> repaired;
        std::ptrdiff_t fewest = 0;
        each_change(first.changed, [&](std::size_t tunable, const Config& changed, std::ptrdiff_t steps) {
            const auto found = index_.find(changed);
            if (tunable == first.tunable || found == index_.end() || (repaired && steps >= fewest)) return;
            repaired = found->second;
            fewest = steps;
        });
        if (repaired) consider(*repaired, first.steps + fewest);
    }
    return nearest;
}

void SearchOrder::report(const Config& config, std::optional<double> median_ms) {
    if (!median_ms) return;
    const Timed timed{*median_ms, index_.at(config), false};
    const auto before = [](const Timed& a, const Timed& b) {
        return std::pair(a.median_ms, a.index) < std::pair(b.median_ms, b.index);
    };
    timed_.insert(std::upper_bound(timed_.begin(), timed_.end(), timed, before), timed);
}

} // namespace chela
