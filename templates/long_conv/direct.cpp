#include "templates/long_conv/plan.hpp"

#include <algorithm>

namespace chela {

namespace {

/// Sizes that follow from the tunables; of rows in fp32 values.
struct Layout {
    LongConvTile tile;
    std::int64_t row_pitch, tap_pitch, shared_bytes, registers;

    explicit Layout(const Values& config) {
        const std::int64_t token_threads = config["token_threads"];
        tile = {1, config["threads"] / token_threads, token_threads * config["tokens"]};
        row_pitch = padded(tile.tokens + config["segment"]);
        tap_pitch = padded(config["segment"]);
        shared_bytes = 4 * tile.channels * (row_pitch + tap_pitch);
        registers = 5 * config["tokens"] + 48; // inputs, taps, sums and their totals
    }
    static std::int64_t padded(std::int64_t values) { return values + values / 32 * 4; } // place_of()
};

class Direct final : public LongConvAlgorithm {
  public:
    std::string_view name() const override { return "direct"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("tokens", 4, 16, 8, "neighbouring outputs of one thread").over({8, 16}),
            Field::integer("token_threads", 4, 256, 32, "threads side by side along the tokens")
                .over({8, 16, 32, 64}),
            Field::integer("segment", 8, 1024, 128, "taps in shared memory at once").over({16, 128}),
            Field::integer("threads", 32, 1024, 128, "threads of one block").over({128, 256}),
            Field::integer("blocks_per_sm", 1, 8, 2, "blocks per multiprocessor that registers are kept for")
                .over({1, 2, 4}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values&) const override {
        return target.backend == Backend::cpu ? "it is for CUDA cores" : "";
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t tokens = config["tokens"], threads = config["threads"];
        if ((tokens & (tokens - 1)) != 0) return "tokens must be a power of two";
        if (config["token_threads"] * tokens % 8 != 0)
            return "token_threads times tokens must be a multiple of 8: packets of tokens";
        if (config["segment"] % std::max<std::int64_t>(tokens, 8) != 0)
            return "segment must be a multiple of tokens and of 8";
        if (threads % 32 != 0 || threads % config["token_threads"] != 0)
            return "threads must be a multiple of 32 and of token_threads";
        const Layout layout(config);
        if (conv_layout(traits) == ConvLayout::channels_last &&
            (layout.tile.channels & (layout.tile.channels - 1)) != 0)
            return "threads / token_threads must be a power of two, or packets of channels would lie across "
                   "blocks";
        return rejects_resources(target, config, threads, layout.shared_bytes, layout.registers);
    }

    bool redundant(const Target& target, const Values& traits, const Values& config) const override {
        return another_block_is_free(*this, target, traits, config, config["threads"]);
    }

    /// As many outputs of a thread as stay in registers with their inputs; a sector of memory or more of
    /// channels, and no more tokens than there are.
    Values default_config(const Target&, const Problem& problem) const override {
        Values config(tunables());
        const bool last = conv_layout(problem.traits) == ConvLayout::channels_last;
        config.set("tokens", 8).set("threads", 256).set("token_threads", 64);
        while (config["token_threads"] > 8 && (config["token_threads"] * 8 >= 2 * problem.extents["length"] ||
                                               (last && config["token_threads"] > 32)))
            config.set("token_threads", config["token_threads"] / 2);
        return config.set("segment", problem.extents["kernel_length"] <= 16 ? 16 : 128);
    }

    using LongConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const Layout layout(config);
        return long_conv_program(target, traits, *this, config, "long_conv/forward_direct.cuh", layout.tile,
                                 config["threads"], layout.shared_bytes,
                                 {long_conv_constant("row_pitch", layout.row_pitch),
                                  long_conv_constant("tap_pitch", layout.tap_pitch)},
                                 adapt);
    }
};

} // namespace

const LongConvAlgorithm& long_conv_direct() {
    static const Direct algorithm;
    return algorithm;
}

} // namespace chela
