#pragma once
// Who wins among candidates that were measured. Two times that lie closer than their spread are a tie, and a
// tie goes to the default, else to what takes least from the device: not to noise, so that repeated searches
// agree. Times of one round of a race are compared with each other: what slows the device down between rounds
// (heat, other programs) slows all of a round.

#include "tuner/runner.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace chela {

/// What a configuration takes from the device; less is better, compared in this order.
struct Footprint {
    std::int64_t launches = 0;     ///< once prepared
    std::int64_t memory_bytes = 0; ///< of the workspace and of what is prepared
    std::int64_t shared_bytes = 0; ///< of one block, the largest kernel
    std::int64_t threads = 0;      ///< of one block, the largest kernel
    friend auto operator<=>(const Footprint&, const Footprint&) = default;
};
Footprint footprint(const Problem&, const Target&, const Config&);

/// Several measurements of one candidate as one: the median of the medians; the spread is the larger of the
/// median spread and of the range of the medians, so that drift between rounds counts as noise.
Measurement combine(const std::vector<Measurement>& rounds);

/// How far the times of tied candidates may differ, whatever their spread: a noisy candidate must not win by
/// its noise, nor a lean one by a tie that a user would notice.
inline constexpr double largest_tie = 0.01;
/// Whether the slower one is no further behind than the larger spread, at most `largest_tie` of the faster
/// time.
bool tied(const Measurement& faster, const Measurement& slower);

struct Contender {
    Config config;
    Measurement measurement; ///< status ok
    /// Median time of each round in ms, as many for each contender; empty where there was no race.
    std::vector<double> rounds = {};
    bool is_default = false; ///< what serves untuned
};
/// The contenders tied with the fastest, the winner first: the default, then the smaller footprint, then the
/// configuration's text. `contenders` must not be empty.
std::vector<Contender> decide(const Problem&, const Target&, std::vector<Contender> contenders);

} // namespace chela
