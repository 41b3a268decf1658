#include "templates/linear_attention/family.hpp"
#include "templates/linear_attention/pieces.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace chela {

namespace {

/// Sizes that follow from traits and tunables; elements unless the name says bytes.
struct Layout {
    std::int64_t padded_head_dim, head_pitch, value_pitch, rows_per_warp, value_tiles, output_tile, threads;
    std::int64_t stage_forward, stage_states, scores_bytes, element_bytes;
    ChunkExtras extras;

    Layout(const Values& traits, const Values& config)
        : extras(traits, config["chunk"], config["stages"], (traits["head_dim"] + 15) / 16 * 16) {
        const std::int64_t chunk = config["chunk"], value_tile = config["value_tile"];
        element_bytes = size_of(static_cast<DType>(traits["dtype"]));
        padded_head_dim = (traits["head_dim"] + 15) / 16 * 16;
        // Rows 16 bytes longer than a multiple of 32: eight rows of 16 bytes fall into different banks.
        head_pitch = padded_head_dim + 16 / element_bytes;
        value_pitch = value_tile + 16 / element_bytes;
        rows_per_warp = value_tile / config["warps"];
        value_tiles = (traits["value_dim"] + value_tile - 1) / value_tile;
        // What fits beside the state in registers without spills.
        const std::int64_t widest = padded_head_dim <= 128 ? 64 : element_bytes == 4 ? 16 : 32;
        output_tile = std::min({chunk, widest, rows_per_warp == 32 ? std::int64_t{32} : widest});
        threads = config["warps"] * 32;
        stage_forward = chunk * (traits["causal"] ? 2 * head_pitch + value_pitch : head_pitch);
        stage_states = chunk * (head_pitch + value_pitch);
        const std::int64_t rows = chunk / 16, blocks = rows * (rows + 1) / 2;
        scores_bytes = traits["causal"] ? blocks * 16 * 16 * element_bytes : 0;
    }
    std::int64_t forward_bytes(const Values& config) const {
        return extras_of_forward(config) + extras.bytes;
    }
    std::int64_t states_bytes(const Values& config) const { return extras_of_states(config) + extras.bytes; }
    /// Where the extras begin, behind the stages and the scores.
    std::int64_t extras_of_forward(const Values& config) const {
        return config["stages"] * stage_forward * element_bytes + scores_bytes;
    }
    std::int64_t extras_of_states(const Values& config) const {
        return config["stages"] * stage_states * element_bytes;
    }
    /// Registers of a thread for the state and one output tile.
    std::int64_t accumulators() const {
        return rows_per_warp / 16 * (padded_head_dim / 8 + output_tile / 8) * 4;
    }
    /// With what the loops around them were seen to need.
    std::int64_t registers() const { return accumulators() + 56; }
};

class Mma final : public Algorithm {
  public:
    std::string_view name() const override { return "mma"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("chunk", 16, 256, 64, "tokens per chunk").over({16, 32, 64}),
            Field::integer("value_tile", 16, 256, 64, "value columns of one block").over({16, 32, 64, 128}),
            Field::integer("warps", 1, 16, 4, "warps of one block, 16 or 32 value columns each")
                .over({1, 2, 4, 8}),
            Field::integer("stages", 1, 4, 2, "chunks in shared memory at once").over({1, 2, 3}),
            Field::integer("blocks_per_sm", 1, 4, 1, "blocks per multiprocessor that registers are kept for")
                .over({1, 2}),
            Field::integer("segments", 1, 256, 1, "pieces of the sequence computed side by side")
                .over({1, 2, 4, 8, 16, 32}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it needs tensor cores";
        if (traits["dtype"] == static_cast<int>(DType::fp32) &&
            traits["math"] == static_cast<int>(Math::ieee))
            return "tensor cores do not multiply fp32 exactly";
        if (traits["dtype"] == static_cast<int>(DType::fp32) && traits["head_dim"] > 192)
            return "a state of more than 192 rows of tf32 operands does not fit the registers";
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t value_tile = config["value_tile"], chunk = config["chunk"],
                           warps = config["warps"];
        if (!std::has_single_bit(static_cast<std::uint64_t>(chunk)) ||
            !std::has_single_bit(static_cast<std::uint64_t>(value_tile)))
            return "chunk and value_tile must be powers of two";
        if (value_tile % warps != 0 || (value_tile / warps != 16 && value_tile / warps != 32))
            return fmt::format("value_tile / warps is {} / {}; a warp takes 16 or 32 value columns",
                               value_tile, warps);
        const auto useful =
            static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(traits["value_dim"])));
        if (value_tile > std::max<std::int64_t>(16, useful)) return "value_tile would be mostly padding";
        const Layout layout(traits, config);
        const BlockLimits limits = block_limits(target);
        const std::int64_t blocks = config["blocks_per_sm"];
        const std::int64_t bytes = std::max(layout.forward_bytes(config), layout.states_bytes(config));
        if (bytes > limits.shared_bytes)
            return fmt::format("{} bytes of shared memory; {} has {}", bytes, target.arch(),
                               limits.shared_bytes);
        if (blocks > 1 && blocks * (bytes + 1024) > limits.shared_bytes_per_sm)
            return fmt::format("{} blocks of {} bytes do not fit a multiprocessor of {}", blocks, bytes,
                               target.arch());
        const std::int64_t registers =
            std::min<std::int64_t>(255, limits.registers_per_sm / (blocks * layout.threads) / 8 * 8);
        if (layout.registers() > registers)
            return fmt::format("about {} registers per thread; there are {}", layout.registers(), registers);
        return {};
    }

    /// Narrow blocks read q and k again for every few columns; 128 threads or fewer have as many registers
    /// with a second block as without.
    bool redundant(const Target&, const Values& traits, const Values& config) const override {
        const std::int64_t value_dim = traits["value_dim"], value_tile = config["value_tile"];
        return (value_tile < 64 && 2 * value_tile < value_dim) ||
               (config["blocks_per_sm"] > 1 && config["warps"] <= 4);
    }

    /// Measured on an H200: 32 value columns a warp halve what the warps read of q and k from shared memory,
    /// and short chunks with several in flight beat long ones.
    Values default_config(const Target& target, const Problem& problem) const override {
        const auto useful =
            static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(problem.traits["value_dim"])));
        const std::int64_t value_tile = std::clamp<std::int64_t>(useful, 16, 128);
        Values config(tunables());
        for (const std::int64_t columns : {32, 16})
            for (const std::int64_t tile : {value_tile, std::min<std::int64_t>(value_tile, 64)})
                for (const std::int64_t chunk : {32, 16})
                    for (const std::int64_t stages : {3, 2, 1}) {
                        config.set("chunk", chunk)
                            .set("stages", stages)
                            .set("value_tile", tile)
                            .set("warps", std::max<std::int64_t>(1, tile / columns));
                        if (!rejects(target, problem.traits, config).empty()) continue;
                        const Layout layout(problem.traits, config);
                        // Decay, normaliser and offsets take registers too.
                        if (!plain(problem.traits) && layout.accumulators() > 150) continue;
                        // From compute capability 10.0 on, ptxas spills where it does not before.
                        if (target.compute_capability >= 100 && layout.accumulators() > 140) continue;
                        const std::int64_t value_tiles = layout.value_tiles;
                        return config.set("segments", pieces_to_fill(problem, value_tiles, 100, chunk, 32));
                    }
        return config;
    }

    Program generate(const Target& target, const Values& traits, const Values& config) const override {
        const Layout layout(traits, config);
        const std::int64_t chunk = config["chunk"];
        const auto body = [&](const char* file, std::int64_t extras, std::int64_t stage, std::int64_t key,
                              std::int64_t value) {
            PieceBody result{
                file,
                layout.threads,
                layout.value_tiles,
                extras + layout.extras.bytes,
                {constant("padded_head_dim", layout.padded_head_dim),
                 constant("head_pitch", layout.head_pitch), constant("value_pitch", layout.value_pitch),
                 constant("value_tiles", layout.value_tiles), constant("rows_per_warp", layout.rows_per_warp),
                 constant("output_tile", layout.output_tile), constant("stage_elements", stage),
                 constant("key_offset", key), constant("value_offset", value)}};
            layout.extras.describe(result.derived, extras);
            return result;
        };
        const std::int64_t tile = chunk * layout.head_pitch;
        PieceBodies bodies(traits);
        bodies.states = body("linear_attention/states_mma.cuh", layout.extras_of_states(config),
                             layout.stage_states, 0, tile);
        bodies.scan = cuda_scan(traits);
        bodies.forward = body("linear_attention/forward_mma.cuh", layout.extras_of_forward(config),
                              layout.stage_forward, tile, 2 * tile);
        EmitRequest request{&linear_attention_family(),
                            target,
                            traits,
                            this,
                            config,
                            {},
                            {},
                            0,
                            static_cast<int>(config["blocks_per_sm"]),
                            {}};
        return compose(std::move(request), bodies);
    }
};

} // namespace

const Algorithm& linear_attention_mma() {
    static const Mma algorithm;
    return algorithm;
}

} // namespace chela
