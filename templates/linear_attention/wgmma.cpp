#include "templates/linear_attention/family.hpp"
#include "templates/linear_attention/wgmma_layout.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela {

namespace {

constexpr std::int64_t group_values = WgmmaLayout::group_values;
using Body = WgmmaLayout::Body;

bool joined(const Values& config) { return config["joined"] != 0; }

/// In how many pieces a sequence is cut, of those that the search tries.
const std::vector<std::int64_t>& piece_counts() {
    static const std::vector<std::int64_t> counts = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64};
    return counts;
}

/// Pieces for `blocks` blocks that have `chunks` chunks each: a block for every multiprocessor and none more;
/// pieces of 4 chunks or longer; and no more of them than the states that each adds up are worth, whose
/// number grows with the square of the pieces.
std::int64_t pieces_for(std::int64_t multiprocessors, std::int64_t blocks, std::int64_t chunks) {
    std::int64_t pieces = 1;
    for (const std::int64_t count : piece_counts())
        if (count * blocks <= multiprocessors && count * 4 <= chunks && count * count <= 4 * chunks)
            pieces = count;
    return pieces;
}

class Wgmma final : public Algorithm {
  public:
    std::string_view name() const override { return "wgmma"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("chunk", 64, 128, 64, "tokens per chunk").over({64, 128}),
            Field::integer("value_tile", 64, 256, 64, "value columns of one block, 64 a warpgroup")
                .over({64, 128, 256}),
            Field::integer("stages", 2, 12, 3, "chunks in shared memory at once").over({2, 3, 4, 6}),
            Field::integer("blocks_per_sm", 1, 4, 1, "persistent blocks of a multiprocessor").over({1, 2}),
            Field::integer("segments", 1, 256, 1, "pieces of the sequence computed side by side")
                .over(piece_counts()),
            Field::choice("tma", {"none", "loads", "both"}, 0,
                          "what the tensor memory accelerator copies: nothing, q, k, v, or outputs too")
                .over({0, 1, 2}),
            Field::boolean("joined", false, "the pieces of a head are a cluster, in one launch").over({0, 1}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu || target.compute_capability != 90)
            return "wgmma is of compute capability 9.0 alone";
        if (traits["dtype"] == static_cast<int>(DType::fp32)) return "it multiplies 16-bit elements";
        if (traits["normalize"] && !traits["causal"]) return "it has no normaliser where it is not causal";
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t value_tile = config["value_tile"], chunk = config["chunk"];
        if (chunk % 64 != 0 || value_tile % group_values != 0)
            return "chunk and value_tile must be multiples of 64";
        if (traits["decay"] != static_cast<int>(Decay::none) && chunk != 64)
            return "a lane keeps the decay of two tokens: chunk must be 64";
        if (traits["normalize"] && config["segments"] > 1) return "pieces have no normaliser";
        if (joined(config) && (!traits["causal"] || config["segments"] == 1 || config["segments"] > 8))
            return "a cluster joins 2 to 8 pieces of a causal sequence";
        if (joined(config) && config["blocks_per_sm"] > 1)
            return "the blocks of a cluster begin together, with one for each multiprocessor";
        if (value_tile > round_up(traits["value_dim"], group_values))
            return "value_tile would be mostly padding";
        if (tma_of(config) != Tma::none && !admits_tma(traits))
            return "TMA copies rows aligned to 16 bytes, and cannot stop where a packed sequence ends";
        for (const Body body : {Body::chunks, Body::passes}) {
            if (body == Body::chunks ? !traits["causal"] : one_pass(traits, config) || joined(config))
                continue;
            const std::string reason = WgmmaLayout(body, traits, config).rejects(target, config);
            if (!reason.empty()) return reason;
        }
        return {};
    }

    /// Narrow blocks that are not joined have a long chain of chunks each: TMA should load, and its stores
    /// are 3 % slower than the threads' (H100) only there. Elsewhere it is TMA for both or threads for both.
    /// Many pieces are for few heads, whose blocks are few too: wide ones or several to a multiprocessor
    /// would want more pieces still.
    bool redundant(const Target&, const Values& traits, const Values& config) const override {
        const bool narrow = config["value_tile"] == group_values;
        if (config["segments"] > 8 && (!narrow || config["blocks_per_sm"] > 1 || config["stages"] > 4 ||
                                       config["chunk"] > 64 || tma_of(config) == Tma::both))
            return true;
        if (!admits_tma(traits)) return false;
        const bool alone = narrow && config["joined"] == 0;
        return tma_of(config) == (alone ? Tma::none : Tma::loads);
    }

    /// Measured on an H100 and an H200. Few stages: more of them wander apart, and DRAM pages are opened
    /// twice; but where blocks are few, each waits for its own chain of chunks. Blocks that share q and k of
    /// a head cost less than pieces, which read k and v twice, few pieces less than many, and one pass less
    /// than pieces that do not all run side by side. Seven and more blocks of a cluster leave multiprocessors
    /// over; of four, an H100 would be 5 % faster in a long sequence of 16 heads, an H200 28 % slower.
    /// Joined blocks, and wide ones of sequences that decay or are not causal, were 1 to 4 % faster on an
    /// H200 where threads copied, and within 2 % on an H100.
    Values default_config(const Target& target, const Problem& problem) const override {
        constexpr std::int64_t chunk = 64;
        const std::int64_t multiprocessors = target.multiprocessors;
        const std::int64_t wanted = multiprocessors * 76 / 100; // blocks that keep them busy
        const Values& traits = problem.traits;
        const std::int64_t value_dim = traits["value_dim"], narrow = group_values,
                           wide = value_dim > narrow ? 2 * narrow : narrow;
        const std::int64_t heads = heads_of(problem);
        const std::int64_t length = length_of_sequence(problem);
        const bool decays = traits["decay"] != static_cast<int>(Decay::none);
        const bool as_they_are = traits["feature_map"] == static_cast<int>(FeatureMap::identity) &&
                                 !traits["normalize"]; // q and k
        Values config(tunables());
        const auto tiles = [=](std::int64_t tile) { return (value_dim + tile - 1) / tile; };
        const auto admits = [&](std::int64_t tile, std::int64_t segments, bool joined) {
            const bool chain = tile == group_values && heads * tiles(tile) < wanted && !joined;
            const bool by_threads = (tile > group_values && (decays || !traits["causal"])) || joined;
            const Tma tma = !admits_tma(traits) || (by_threads && as_they_are) ? Tma::none
                            : chain                                            ? Tma::loads
                                                                               : Tma::both;
            config.set("value_tile", tile)
                .set("segments", segments)
                .set("tma", static_cast<int>(tma))
                .set("joined", joined);
            for (const std::int64_t stages : {4, 3, 2})
                if ((stages < 4 || (chain && segments == 1)) &&
                    rejects(target, traits, config.set("stages", stages)).empty())
                    return true;
            return false;
        };
        if (heads * tiles(wide) >= wanted && admits(wide, 1, false)) return config;
        if (heads * tiles(narrow) * 2 > multiprocessors && admits(narrow, 1, false)) return config;
        if (!traits["normalize"]) {
            const std::int64_t joined_blocks = std::min<std::int64_t>(6, wanted / (heads * tiles(wide)));
            constexpr std::int64_t long_length = 32768; // where reading twice costs more than idle blocks
            if (wide > narrow && heads * tiles(narrow) * 2 >= wanted && length >= 16 * chunk &&
                admits(narrow, 2, true))
                return config;
            if (wide > narrow && heads * tiles(wide) * joined_blocks >= multiprocessors / 2 &&
                length >= long_length && admits(wide, joined_blocks, true))
                return config;
            const std::int64_t pieces =
                pieces_for(multiprocessors, heads * tiles(narrow), (length + chunk - 1) / chunk);
            if (admits(narrow, pieces, false)) return config;
        }
        admits(narrow, 1, false);
        return config;
    }

    Program generate(const Target& target, const Values& traits, const Values& config) const override {
        const char* const passes = "linear_attention/passes_wgmma.cuh";
        const WgmmaLayout of_passes(Body::passes, traits, config);
        const bool split = config["segments"] > 1;
        PieceBodies bodies(traits);
        // Each warpgroup has its part of a record, and its own decay.
        const std::int64_t groups = of_passes.value_tiles * of_passes.output_groups;
        const bool decays = traits["decay"] != static_cast<int>(Decay::none);
        bodies.record.decay = groups * group_values * of_passes.head_columns;
        bodies.record.elements = bodies.record.decay + (decays ? round_up(groups, 4) : 0);
        if (!joined(config))
            bodies.states = of_passes.body(passes, config, {"k", "v"},
                                           {flag("sums_state", true), flag("writes_outputs", false)});
        if (traits["causal"]) {
            bodies.forward = WgmmaLayout(Body::chunks, traits, config)
                                 .body("linear_attention/forward_wgmma.cuh", config, {"q", "k", "v", "o"});
            if (joined(config)) {
                bodies.forward.cluster = static_cast<int>(config["segments"]);
                bodies.forward.resident = 0; // all of them at once
            }
        } else {
            bodies.forward = of_passes.body(passes, config,
                                            split ? std::vector<std::string>{"q", "o"}
                                                  : std::vector<std::string>{"q", "k", "v", "o"},
                                            {flag("sums_state", !split), flag("writes_outputs", true)});
        }
        return compose({&linear_attention_family(),
                        target,
                        traits,
                        this,
                        config,
                        {},
                        {},
                        0,
                        static_cast<int>(config["blocks_per_sm"]),
                        {}},
                       bodies, split);
    }
};

} // namespace

const Algorithm& linear_attention_wgmma() {
    static const Wgmma algorithm;
    return algorithm;
}

} // namespace chela
