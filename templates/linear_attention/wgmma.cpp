#include "templates/linear_attention/family.hpp"
#include "templates/linear_attention/pieces.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela {

namespace {

constexpr std::int64_t group_threads = 128, group_values = 64;

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

/// What the tensor memory accelerator copies: nothing, q, k and v, or the outputs too.
enum class Tma { none, loads, both };

Tma tma_of(const Values& config) { return static_cast<Tma>(config["tma"]); }
/// It copies rows aligned to 16 bytes, and cannot stop where a packed sequence ends.
bool admits_tma(const Values& traits) { return traits["alignment"] == 16 && traits["packed"] == 0; }

/// The two bodies: scores and outputs chunk by chunk, or passes over whole pieces.
enum class Body { chunks, passes };

/// Sizes that follow from traits and tunables.
struct Layout {
    std::int64_t head_columns, value_tiles, output_groups, groups, threads;
    std::int64_t key_offset, stage_bytes, value_offset, scores_bytes, scores_offset, outputs_offset;
    std::int64_t copying_threads;
    std::int64_t gates_offset, normalizer_offset, factors_offset, barriers_offset, shared_bytes;
    std::int64_t copy_registers = 40, scores_registers = 0, output_registers, launch_registers;

    Layout(Body body, const Values& traits, const Values& config) {
        const std::int64_t chunk = config["chunk"], value_tile = config["value_tile"],
                           stages = config["stages"], head_dim = traits["head_dim"];
        const bool chunks = body == Body::chunks;
        head_columns = head_dim <= 16 ? 16 : round_up(head_dim, 32);
        value_tiles = (traits["value_dim"] + value_tile - 1) / value_tile;
        output_groups = value_tile / group_values;
        groups = output_groups + (chunks ? 2 : 1);
        threads = group_threads * groups;
        const std::int64_t panel = chunk * 128;                                   // 64 columns
        const std::int64_t query_bytes = round_up(head_columns, 64) / 64 * panel; // and of keys
        key_offset = chunks ? query_bytes : 0; // passes have one of them at a time
        value_offset = key_offset + query_bytes;
        stage_bytes = value_offset + output_groups * panel;
        scores_bytes = chunks ? chunk / 64 * panel : 0;
        scores_offset = stages * stage_bytes;
        outputs_offset = scores_offset + 2 * scores_bytes;
        normalizer_offset = outputs_offset + output_groups * panel;
        const bool normalize = chunks && traits["normalize"] != 0;
        factors_offset = normalizer_offset + (normalize ? round_up(head_columns, 64) / 64 * 1024 : 0);
        gates_offset = factors_offset + (normalize ? 2 * chunk * 4 : 0);
        const bool gates = traits["decay"] == static_cast<int>(Decay::scalar);
        barriers_offset = gates_offset + (gates ? stages * chunk * 4 : 0);
        shared_bytes = barriers_offset + 8 * (2 * stages + (chunks ? 5 : 0));
        copying_threads = tma_of(config) == Tma::none || gates ? group_threads : 1;
        // What a thread holds: accumulators, packed operands, and what the loops around them were seen to
        // need.
        const bool decay = traits["decay"] != static_cast<int>(Decay::none);
        const bool maps = traits["feature_map"] != static_cast<int>(FeatureMap::identity);
        if (chunks)
            scores_registers = chunk / 2 + 48 + (decay ? 16 : 0) + (normalize ? 8 : 0) +
                               (normalize && maps ? decay ? 16 : 8 : 0);
        output_registers = std::min<std::int64_t>(
            248, round_up(head_columns / 2 + chunk / 2 + std::min<std::int64_t>(head_columns, 128) / 4 +
                              chunk / 4 + 32 + (!normalize && (decay || config["segments"] > 1) ? 8 : 0),
                          8));
        launch_registers = std::min<std::int64_t>(248, 65536 / (threads * config["blocks_per_sm"]) / 8 * 8);
        // Fewer blocks leave some over.
        if (launch_registers * groups - registers() >= 16 + 24 + 16 * output_groups) {
            copy_registers += 16;
            if (chunks) scores_registers += 24;
            output_registers = std::min<std::int64_t>(248, output_registers + 16);
        }
    }

    /// Of all warpgroups, one thread each.
    std::int64_t registers() const {
        return copy_registers + scores_registers + output_groups * output_registers;
    }

    std::string rejects(const Target& target, const Values& config) const {
        const BlockLimits limits = block_limits(target);
        const std::int64_t blocks = config["blocks_per_sm"];
        if (shared_bytes > limits.shared_bytes)
            return fmt::format("{} bytes of shared memory; {} has {}", shared_bytes, target.arch(),
                               limits.shared_bytes);
        if (blocks * (shared_bytes + 1024) > limits.shared_bytes_per_sm)
            return fmt::format("{} blocks of {} bytes do not fit a multiprocessor of {}", blocks,
                               shared_bytes, target.arch());
        if (registers() > launch_registers * groups)
            return fmt::format("the warpgroups would take {} registers a thread, of {}", registers(),
                               launch_registers * groups);
        return {};
    }

    /// `tensors`: those whose chunks the body reads or writes.
    PieceBody body(const char* file, const Values& config, std::vector<std::string> tensors,
                   std::vector<EmitRequest::Constant> parts = {}) const {
        parts.insert(
            parts.begin(),
            {constant("head_columns", head_columns), constant("value_tiles", value_tiles),
             constant("output_groups", output_groups), constant("key_offset", key_offset),
             constant("value_offset", value_offset), constant("stage_bytes", stage_bytes),
             constant("scores_bytes", scores_bytes), constant("scores_offset", scores_offset),
             constant("outputs_offset", outputs_offset), constant("barriers_offset", barriers_offset),
             constant("gates_offset", gates_offset), constant("normalizer_offset", normalizer_offset),
             constant("factors_offset", factors_offset), constant("launch_registers", launch_registers),
             constant("copy_registers", copy_registers), constant("scores_registers", scores_registers),
             constant("output_registers", output_registers), constant("copying_threads", copying_threads)});
        std::vector<TensorBox> boxes;
        for (std::string& tensor : tensors)
            if (tma_of(config) == Tma::both || (tma_of(config) == Tma::loads && tensor != "o"))
                boxes.push_back({std::move(tensor), "length", static_cast<int>(config["chunk"]),
                                 static_cast<int>(group_values)});
        return {file,
                threads,
                value_tiles,
                shared_bytes,
                std::move(parts),
                static_cast<int>(config["blocks_per_sm"]),
                1,
                std::move(boxes)};
    }
};

bool joined(const Values& config) { return config["joined"] != 0; }

EmitRequest::Constant flag(const char* name, bool value) { return {"bool", name, value ? "true" : "false"}; }

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
                .over({1, 2, 3, 4, 5, 6, 8, 16, 32}),
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
            const std::string reason = Layout(body, traits, config).rejects(target, config);
            if (!reason.empty()) return reason;
        }
        return {};
    }

    /// Measured on an H100: threads alone are never better, and stores by threads only where each block has a
    /// long chain of chunks of few value columns (by 3 %).
    bool redundant(const Target&, const Values& traits, const Values& config) const override {
        return admits_tma(traits) && (tma_of(config) == Tma::none ||
                                      (tma_of(config) == Tma::loads && config["value_tile"] > group_values));
    }

    /// Measured on an H100 and an H200. Few stages: more of them wander apart, and DRAM pages are opened
    /// twice. Blocks that share q and k of a head cost less than pieces, which read k and v twice, and few
    /// pieces less than many. Seven and more blocks of a cluster leave multiprocessors over; of four, an H100
    /// would be 5 % faster in a long sequence of 16 heads, an H200 28 % slower. Of TMA, see redundant().
    Values default_config(const Target& target, const Problem& problem) const override {
        constexpr std::int64_t chunk = 64, wanted = 100; // blocks
        const Values& traits = problem.traits;
        const std::int64_t value_dim = traits["value_dim"], narrow = group_values,
                           wide = value_dim > narrow ? 2 * narrow : narrow;
        const std::int64_t heads = heads_of(problem);
        const std::int64_t length = length_of_sequence(problem);
        Values config(tunables());
        const auto tiles = [=](std::int64_t tile) { return (value_dim + tile - 1) / tile; };
        const auto admits = [&](std::int64_t tile, std::int64_t segments, bool joined) {
            const bool few_columns = tile == group_values && segments > 1 && !joined;
            const Tma tma = !admits_tma(traits) ? Tma::none : few_columns ? Tma::loads : Tma::both;
            config.set("value_tile", tile)
                .set("segments", segments)
                .set("tma", static_cast<int>(tma))
                .set("joined", joined);
            for (const std::int64_t stages : {3, 2})
                if (rejects(target, traits, config.set("stages", stages)).empty()) return true;
            return false;
        };
        for (const std::int64_t tile : {wide, narrow})
            if (heads * tiles(tile) >= wanted && admits(tile, 1, false)) return config;
        if (!traits["normalize"]) {
            const std::int64_t joined_blocks = std::min<std::int64_t>(6, wanted / (heads * tiles(wide)));
            constexpr std::int64_t long_length = 32768; // where reading twice costs more than idle blocks
            if (wide > narrow && heads * tiles(narrow) * 2 >= wanted && length >= 16 * chunk &&
                admits(narrow, 2, true))
                return config;
            if (wide > narrow && heads * tiles(wide) * joined_blocks >= 64 && length >= long_length &&
                admits(wide, joined_blocks, true))
                return config;
            const std::int64_t pieces = pieces_to_fill(problem, tiles(narrow), wanted, chunk, 32);
            if (admits(narrow, pieces, false)) return config;
        }
        admits(narrow, 1, false);
        return config;
    }

    Program generate(const Target& target, const Values& traits, const Values& config) const override {
        const char* const passes = "linear_attention/passes_wgmma.cuh";
        const Layout of_passes(Body::passes, traits, config);
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
            bodies.forward = Layout(Body::chunks, traits, config)
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
