#include "templates/short_conv/plan.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela {

namespace {

/// What a block's threads share, and what each needs.
struct Tile {
    std::int64_t channels, tokens, shared_bytes, registers;

    Tile(const Values& traits, const Values& config) {
        const std::int64_t vector = config["vector"], width = traits["width"], unroll = config["unroll"],
                           size = size_of(static_cast<DType>(traits["dtype"]));
        channels = config["channel_threads"] * vector;
        tokens = config["threads"] / config["channel_threads"] * config["tokens"];
        shared_bytes = 4 * (width + traits["bias"]) * channels;
        // Taps, the window and the next inputs, what of the window is unpacked, and addresses.
        const std::int64_t next = traits.text("residual") == "tensor" ? 2 * unroll : unroll;
        registers = width * vector + (width + next) * vector * size / 4 + (size == 2 ? width * vector : 0) +
                    2 * vector + 24;
    }
};

class SlidingWindow final : public ShortConvAlgorithm {
  public:
    std::string_view name() const override { return "sliding_window"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("vector", 1, 8, 4, "neighbouring channels of one thread").over({1, 2, 4, 8}),
            Field::integer("tokens", 1, 1024, 32, "tokens of one thread").over({8, 16, 32, 64}),
            Field::integer("unroll", 1, 32, 8, "tokens that are computed while the next are on their way")
                .over({2, 4, 8}),
            Field::integer("channel_threads", 1, 1024, 32, "threads side by side along the channels")
                .over({8, 16, 32}),
            Field::integer("threads", 32, 1024, 128, "threads of one block").over({128, 256}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it is for CUDA cores";
        if (conv_layout(traits) != ConvLayout::channels_last) return "its layout is channels_last";
        if (conv_state(traits) == ConvState::in_place) return "it does not update a state in place";
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t vector = config["vector"], threads = config["threads"],
                           channel_threads = config["channel_threads"];
        const std::int64_t bytes = vector * size_of(static_cast<DType>(traits["dtype"]));
        if ((vector & (vector - 1)) != 0) return "vector must be a power of two";
        if (bytes > traits["alignment"])
            return fmt::format("a vector has {} bytes; rows are aligned to {}", bytes, traits["alignment"]);
        if (threads % 32 != 0 || threads % channel_threads != 0)
            return "threads must be a multiple of 32 and of channel_threads";
        if (config["tokens"] % config["unroll"] != 0) return "tokens must be a multiple of unroll";
        constexpr std::int64_t two_sectors = 64; // bytes of memory
        if (channel_threads > 8 && channel_threads * bytes > 1024) return "a row of the tile is long enough";
        if (channel_threads * bytes < std::min<std::int64_t>(two_sectors, 8 * traits["alignment"]))
            return "a row of the tile would be less than two sectors of memory";
        const Tile tile(traits, config);
        if (tile.registers > 255 || tile.registers * threads > block_limits(target).registers_per_sm)
            return fmt::format("{} taps of {} channels and {} tokens do not stay in registers",
                               traits["width"], vector, config["unroll"]);
        if (tile.shared_bytes > block_limits(target).shared_bytes)
            return fmt::format("{} bytes of shared memory; {} has {}", tile.shared_bytes, target.arch(),
                               block_limits(target).shared_bytes);
        return {};
    }

    /// Few tokens at once, or few channels of a thread, are for taps that leave no registers for more; a row
    /// of the tile has up to two cache lines.
    bool redundant(const Target&, const Values& traits, const Values& config) const override {
        constexpr std::int64_t few_taps = 8, register_bytes = 4, two_lines = 256;
        const std::int64_t bytes = config["vector"] * size_of(static_cast<DType>(traits["dtype"]));
        if (config["channel_threads"] * bytes > two_lines) return true;
        return traits["width"] <= few_taps &&
               (config["unroll"] < 4 || bytes < std::min(register_bytes, traits["alignment"]));
    }

    /// Vectors of 8 bytes, which leave room for the taps in registers and for many threads on a
    /// multiprocessor; all inputs of a thread asked for at once, as long as most of them are not its
    /// neighbours' as well, and beyond that runs as long as all multiprocessors stay busy.
    Values default_config(const Target& target, const Problem& problem) const override {
        constexpr std::int64_t threads_wanted = 1 << 18;
        const Values& traits = problem.traits;
        const std::int64_t size = size_of(problem.dtype()), width = traits["width"];
        Values config(tunables());
        for (const std::int64_t unroll : {8, 2})
            for (std::int64_t vector = 8 / size; vector > 0; vector /= 2) {
                if (width * vector > (vector > 2 ? 32 : 56)) continue; // the taps stay in registers
                config.set("unroll", unroll).set("vector", vector).set("channel_threads", 32);
                while (config["channel_threads"] > 8 &&
                       config["channel_threads"] * vector / 2 >= problem.extents["channels"])
                    config.set("channel_threads", config["channel_threads"] / 2);
                const std::int64_t vectors = (problem.extents["channels"] + vector - 1) / vector *
                                             (traits["packed"] ? 1 : problem.extents["batch"]);
                std::int64_t tokens = 8;
                while (tokens < 2 * (width - 1) &&
                       vectors * problem.extents["length"] / tokens > 2 * threads_wanted)
                    tokens *= 2;
                config.set("tokens", tokens);
                while (!rejects(target, traits, config).empty() && config["channel_threads"] < 32)
                    config.set("channel_threads", config["channel_threads"] * 2);
                if (rejects(target, traits, config).empty()) return config;
            }
        return config;
    }

    using ShortConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const Tile tile(traits, config);
        return conv_program(target, traits, *this, config,
                            {.file = "short_conv/channels_last.cuh",
                             .function = "short_conv_forward",
                             .grid = conv_tiles(traits, tile.tokens, tile.channels),
                             .threads = config["threads"],
                             .shared_bytes = tile.shared_bytes,
                             .constants = {conv_constant("tile_channels", tile.channels),
                                           conv_constant("tile_tokens", tile.tokens)}},
                            adapt);
    }
};

} // namespace

const ShortConvAlgorithm& short_conv_sliding_window() {
    static const SlidingWindow algorithm;
    return algorithm;
}

} // namespace chela
