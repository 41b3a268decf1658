#pragma once
// In which order the configurations of a space are tried. Every one is proposed once, so a search that is
// given the time is exhaustive; one that is cut short has tried the most promising:
//   1. the defaults, in the order given;
//   2. a spread sample: each next one has the tunable values that were seen least, so that every value of
//   every
//      tunable of every algorithm gets its turn soon;
//   3. refinement: the neighbours (one tunable changed, nearest values first) of the best so far, then of the
//      second best, and so on; where the space has no configuration with a tunable changed so, after the
//      others the one in which a second is changed too;
//   4. the rest, in the order of a seeded shuffle, which also breaks the ties above.
// The same space, seed and reports give the same order on every machine.

#include "codegen/family.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace chela {

class SearchOrder {
  public:
    /// `first` need not be in `space`. `sample` counts the spread sample.
    SearchOrder(const std::vector<Config>& space, const std::vector<Config>& first, std::uint64_t seed,
                std::size_t sample);

    /// The next configuration to try; nothing when all were proposed.
    std::optional<Config> next();
    /// What came of a configuration that was proposed: its time, or nothing if it does not count.
    void report(const Config&, std::optional<double> median_ms);

    std::size_t size() const { return configs_.size(); } ///< distinct configurations

  private:
    struct ConfigHash {
        std::size_t operator()(const Config&) const;
    };
    struct Tunable {
        std::vector<std::int64_t> values;              ///< in the space, ascending
        std::unordered_map<std::int64_t, double> seen; ///< how often each was proposed, times values.size()
    };
    struct Timed {
        double median_ms;
        std::size_t index;
        bool exhausted; ///< all its neighbours were proposed
    };

    Config propose(std::size_t index);
    std::optional<std::size_t> least_seen() const;
    std::optional<std::size_t> neighbour_of_best();
    std::optional<std::size_t> unproposed_neighbour(const Config&) const;
    /// Visits what each change of one tunable makes of a configuration, in the space or not: the tunable, the
    /// result, and by how many values it was moved.
    using Change = std::function<void(std::size_t tunable, const Config& changed, std::ptrdiff_t steps)>;
    void each_change(const Config&, const Change& visit) const;
    std::size_t add(const Config&);

    std::vector<Config> configs_; ///< first the defaults, then the space shuffled
    std::unordered_map<Config, std::size_t, ConfigHash> index_;
    std::unordered_map<const Algorithm*, std::vector<Tunable>> tunables_;
    std::unordered_map<const Algorithm*, double> algorithm_seen_;
    std::vector<bool> proposed_;
    std::size_t next_default_ = 0;
    std::size_t defaults_ = 0;
    std::size_t sample_left_;
    std::size_t next_rest_ = 0;
    std::vector<Timed> timed_; ///< ascending by time, ties in the order of configs_
};

} // namespace chela
