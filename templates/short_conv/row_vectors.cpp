#include "templates/short_conv/plan.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela {

namespace {

/// How a block's threads share a tile, and what each needs.
struct Tile {
    std::int64_t piece, channels, tokens, registers;

    Tile(const Values& traits, const Values& config) {
        const std::int64_t size = size_of(static_cast<DType>(traits["dtype"])), width = traits["width"],
                           own = config["tokens"], groups = config["groups"];
        piece = std::min(own, traits["alignment"] / size);
        channels = config["threads"] / config["row_threads"];
        tokens = config["row_threads"] * own * groups;
        const std::int64_t window =
            own + width - 1 + (width > 1 ? piece : 0) + (traits.text("residual") == "tensor" ? own : 0);
        registers = groups * (window * size / 4 + (traits["packed"] ? 6 : 0)) + width + own + 48;
    }
};

class RowVectors final : public ShortConvAlgorithm {
  public:
    std::string_view name() const override { return "row_vectors"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("tokens", 1, 32, 8, "neighbouring tokens of one thread").over({4, 8, 16}),
            Field::integer("groups", 1, 8, 2, "times that a thread has so many").over({1, 2, 4}),
            Field::integer("row_threads", 1, 1024, 64, "threads side by side along the tokens")
                .over({4, 8, 16, 32, 64, 128}),
            Field::integer("threads", 32, 1024, 128, "threads of one block").over({128, 256}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it is for CUDA cores";
        if (conv_layout(traits) != ConvLayout::channels_first) return "its layout is channels_first";
        if (conv_state(traits) == ConvState::in_place) return "it does not update a state in place";
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t tokens = config["tokens"], threads = config["threads"];
        if ((tokens & (tokens - 1)) != 0) return "tokens must be a power of two";
        if (threads % 32 != 0 || threads % config["row_threads"] != 0)
            return "threads must be a multiple of 32 and of row_threads";
        const Tile tile(traits, config);
        if (tile.registers > 255 || tile.registers * threads > block_limits(target).registers_per_sm)
            return fmt::format("{} times {} tokens and {} taps do not stay in registers", config["groups"],
                               tokens, traits["width"]);
        return {};
    }

    /// A thread takes one access of 16 bytes or two; short rows of threads are for few tokens, of which there
    /// is no second group.
    bool redundant(const Target&, const Values& traits, const Values& config) const override {
        const std::int64_t bytes = config["tokens"] * size_of(static_cast<DType>(traits["dtype"]));
        if (bytes < 16 || bytes > 32) return true;
        return config["row_threads"] < 64 && (config["groups"] > 1 || config["threads"] > 128);
    }

    /// One access of 16 bytes for a thread and group; a row of the block as long as the tokens are many.
    /// Where sequences are packed, looking for them fills registers: one group.
    Values default_config(const Target& target, const Problem& problem) const override {
        constexpr std::int64_t threads_wanted = 1 << 17;
        const Values& traits = problem.traits;
        const std::int64_t length = problem.extents["length"];
        Values config(tunables());
        const std::int64_t tokens = size_of(problem.dtype()) == 4 ? 4 : 8;
        config.set("tokens", tokens).set("row_threads", 4);
        while (config["row_threads"] < 128 && config["row_threads"] * tokens < length)
            config.set("row_threads", config["row_threads"] * 2);
        const std::int64_t vectors = (traits["packed"] ? 1 : problem.extents["batch"]) *
                                     problem.extents["channels"] * ((length + tokens - 1) / tokens);
        constexpr std::int64_t few_registers = 128; // for four blocks of 128 threads
        for (const std::int64_t groups : {4, 2}) {
            config.set("groups", groups);
            if (!traits["packed"] && config["row_threads"] * tokens * groups <= length &&
                vectors / groups >= threads_wanted && Tile(traits, config).registers <= few_registers &&
                rejects(target, traits, config).empty())
                return config;
        }
        config.set("groups", 1);
        return config;
    }

    using ShortConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const Tile tile(traits, config);
        return conv_program(
            target, traits, *this, config,
            {.file = "short_conv/channels_first.cuh",
             .function = "short_conv_forward",
             .grid = conv_tiles(traits, tile.tokens, tile.channels),
             .threads = config["threads"],
             .constants = {conv_constant("piece", tile.piece), conv_constant("tile_channels", tile.channels),
                           conv_constant("tile_tokens", tile.tokens)}},
            adapt);
    }
};

} // namespace

const ShortConvAlgorithm& short_conv_row_vectors() {
    static const RowVectors algorithm;
    return algorithm;
}

} // namespace chela
