#include "templates/long_conv/plan.hpp"

#include <algorithm>

namespace chela {

namespace {

constexpr std::int64_t sequences = 8; ///< columns of one mma

/// Sizes that follow from the tunables; in elements unless the name says bytes.
struct Layout {
    LongConvTile tile;
    std::int64_t row_pitch, segment_taps, tap_pitch, shared_bytes, registers, threads;

    explicit Layout(const Values& config) {
        const std::int64_t segment = config["segment"];
        tile = {sequences, config["channel_warps"], config["token_warps"] * 16 * config["strip"]};
        segment_taps = tile.tokens + segment;
        row_pitch = std::max(segment, tile.tokens) + 8; // rows of ldmatrix fall into all banks,
        tap_pitch = segment_taps + 32;                  // and so do the two copies of taps
        shared_bytes = 2 * tile.channels * (tile.batches * row_pitch + 2 * tap_pitch);
        registers = 8 * config["strip"] + 24; // sums and taps, and what the loops around them need
        threads = 32 * config["channel_warps"] * config["token_warps"];
    }
};

class ToeplitzBatch final : public LongConvAlgorithm {
  public:
    std::string_view name() const override { return "toeplitz_batch"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("strip", 2, 16, 8, "blocks of 16 outputs of one warp").over({8, 16}),
            Field::integer("token_warps", 1, 8, 4, "warps of a channel, a strip each").over({1, 2, 4, 8}),
            Field::integer("channel_warps", 1, 16, 1, "channels of one block").over({1, 2, 4, 8}),
            Field::integer("segment", 64, 2048, 512, "inputs of a sequence in shared memory at once")
                .over({256, 512, 1024}),
            Field::integer("blocks_per_sm", 1, 8, 4, "blocks per multiprocessor that registers are kept for")
                .over({1, 2, 3, 4}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it needs tensor cores";
        if (traits["dtype"] == static_cast<int>(DType::fp32))
            return "tensor cores do not multiply fp32 exactly";
        if (carries(traits)) return "its inputs begin with the sequence";
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t strip = config["strip"], channels = config["channel_warps"];
        if (strip % 2 != 0) return "strip must be even: blocks of inputs are loaded two at a time";
        if (conv_layout(traits) == ConvLayout::channels_last && (channels & (channels - 1)) != 0)
            return "channel_warps must be a power of two, or packets of channels would lie across blocks";
        if (config["segment"] % (16 * strip) != 0) return "segment must be a multiple of 16 times strip";
        const Layout layout(config);
        if (layout.threads > 1024) return "a block has at most 32 warps";
        return rejects_resources(target, config, layout.threads, layout.shared_bytes, layout.registers);
    }

    /// Where channels are neighbours a block takes a packet of them, else few; a segment has about as many
    /// inputs as there are outputs of it; a block has two to sixteen warps.
    bool redundant(const Target& target, const Values& traits, const Values& config) const override {
        const Layout layout(config);
        const bool neighbours = conv_layout(traits) == ConvLayout::channels_last;
        return (config["channel_warps"] >= 4) != neighbours || config["segment"] > 2 * layout.tile.tokens ||
               2 * config["segment"] < layout.tile.tokens || layout.threads < 64 || layout.threads > 512 ||
               another_block_is_free(*this, target, traits, config, layout.threads);
    }

    /// Columns without a sequence cost as much as others. Where channels are neighbours, a block has so many
    /// of them that few tokens fit it: `toeplitz` was the faster one.
    bool suits(const Target&, const Problem& problem) const override {
        return problem.extents["batch"] >= sequences / 2 &&
               conv_layout(problem.traits) == ConvLayout::channels_first;
    }

    /// One channel of a block where tokens are neighbours, and few, long strips, for which a fragment of taps
    /// serves more often; a packet of channels where they are.
    Values default_config(const Target& target, const Problem& problem) const override {
        Values config(tunables());
        if (conv_layout(problem.traits) == ConvLayout::channels_last)
            config.set("channel_warps", 8).set("token_warps", 2).set("segment", 256).set("blocks_per_sm", 1);
        else if (problem.extents["length"] > 512)
            config.set("strip", 16).set("segment", 1024).set("blocks_per_sm", 3);
        while (config["blocks_per_sm"] > 1 && !rejects(target, problem.traits, config).empty())
            config.set("blocks_per_sm", config["blocks_per_sm"] - 1);
        return config;
    }

    using LongConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const Layout layout(config);
        return long_conv_program(target, traits, *this, config, "long_conv/forward_toeplitz_batch.cuh",
                                 layout.tile, layout.threads, layout.shared_bytes,
                                 {long_conv_constant("row_pitch", layout.row_pitch),
                                  long_conv_constant("tap_pitch", layout.tap_pitch),
                                  long_conv_constant("segment_taps", layout.segment_taps)},
                                 adapt);
    }
};

} // namespace

const LongConvAlgorithm& long_conv_toeplitz_batch() {
    static const ToeplitzBatch algorithm;
    return algorithm;
}

} // namespace chela
