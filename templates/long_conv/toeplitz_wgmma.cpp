#include "templates/long_conv/plan.hpp"

#include <algorithm>

namespace chela {

namespace {

constexpr std::int64_t sequences = 8, block_tokens = 64, group_threads = 128;
constexpr std::int64_t longest = 16 * block_tokens;     ///< sequence of one strip
constexpr std::int64_t short_kernel = 3 * block_tokens; ///< of the least depth's diagonals

/// Sizes that follow from the tunables; in elements unless the name says bytes.
struct Layout {
    LongConvTile tile;
    std::int64_t window, segment_diagonals, segment_taps, tap_pitch, shared_bytes, registers, threads;

    Layout(const Values& traits, const Values& config) {
        const std::int64_t strip = config["strip"], groups = config["groups"];
        const bool last = conv_layout(traits) == ConvLayout::channels_last;
        tile = {sequences, groups * config["group_channels"], strip * block_tokens};
        window = strip + config["depth"];
        segment_diagonals = std::max(strip, std::int64_t{config["depth"]});
        segment_taps = (segment_diagonals + 1) * block_tokens;
        tap_pitch = segment_taps + 32; // the two copies of taps fall into all banks
        shared_bytes = 2 * tile.channels * (window * block_tokens * sequences + 2 * tap_pitch);
        if (traits["dtype"] == static_cast<int>(DType::fp16))
            shared_bytes += 4 * (tile.channels + 4 * groups); // scales, and what they come from
        // Sums, the taps of two diagonals, and what the loops around them were seen to need.
        registers = 4 * strip + 32 + (last ? 32 : 24);
        threads = group_threads * groups;
    }
};

class ToeplitzWgmma final : public LongConvAlgorithm {
  public:
    std::string_view name() const override { return "toeplitz_wgmma"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("strip", 4, 16, 16, "blocks of 64 outputs of one warpgroup").over({4, 8, 16}),
            Field::integer("groups", 1, 8, 1, "warpgroups of one block").over({1, 2, 4}),
            Field::integer("group_channels", 1, 16, 1, "channels of a warpgroup, one after the other")
                .over({1, 2, 4, 8}),
            Field::integer("depth", 4, 32, 4, "diagonals of blocks whose inputs are in shared memory at once")
                .over({4, 20}),
            Field::integer("blocks_per_sm", 1, 8, 4, "blocks per multiprocessor that registers are kept for")
                .over({1, 2, 3, 4, 5}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu || target.compute_capability != 90)
            return "wgmma is of compute capability 9.0 alone";
        if (traits["dtype"] == static_cast<int>(DType::fp32)) return "it multiplies 16-bit elements";
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        if (config["strip"] % 4 != 0 || config["depth"] % 4 != 0)
            return "strip and depth must be multiples of 4: as many diagonals have the same columns";
        const Layout layout(traits, config);
        const std::int64_t channels = layout.tile.channels;
        if (conv_layout(traits) == ConvLayout::channels_first) {
            if (channels != config["groups"])
                return "a warpgroup has several channels only where they are neighbours";
        } else if ((channels & (channels - 1)) != 0) {
            return "groups times group_channels must be a power of two, or packets of channels would lie "
                   "across blocks";
        }
        if (layout.threads > 1024) return "a block has at most 32 warps";
        return rejects_resources(target, config, layout.threads, layout.shared_bytes, layout.registers);
    }

    /// Where channels are neighbours, a block takes a packet of them.
    bool redundant(const Target& target, const Values& traits, const Values& config) const override {
        const Layout layout(traits, config);
        return (conv_layout(traits) == ConvLayout::channels_last && layout.tile.channels != 8) ||
               another_block_is_free(*this, target, traits, config, layout.threads);
    }

    /// Columns without a sequence cost as much as others. Channels that a warpgroup has one after the other
    /// should need no more inputs than are in shared memory at once.
    bool suits(const Target&, const Problem& problem) const override {
        return problem.extents["batch"] >= sequences / 2 &&
               (conv_layout(problem.traits) == ConvLayout::channels_first ||
                problem.extents["length"] <= longest || problem.extents["kernel_length"] <= short_kernel);
    }

    /// Beyond a strip's length, as many diagonals at a time as kernels of a strip's length have.
    Values default_config(const Target& target, const Problem& problem) const override {
        Values config(tunables());
        const std::int64_t length = problem.extents["length"];
        config.set("strip", length <= longest / 4 ? 4 : length <= longest / 2 ? 8 : 16);
        if (conv_layout(problem.traits) == ConvLayout::channels_last)
            config.set("groups", 2).set("group_channels", 4).set("blocks_per_sm", 2);
        else if (length > longest && problem.extents["kernel_length"] > short_kernel)
            config.set("depth", 20);
        while (config["blocks_per_sm"] > 1 && !rejects(target, problem.traits, config).empty())
            config.set("blocks_per_sm", config["blocks_per_sm"] - 1);
        return config;
    }

    bool copies_inputs() const override { return true; }

    using LongConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const Layout layout(traits, config);
        return long_conv_program(target, traits, *this, config, "long_conv/forward_toeplitz_wgmma.cuh",
                                 layout.tile, layout.threads, layout.shared_bytes,
                                 {long_conv_constant("window", layout.window),
                                  long_conv_constant("segment_diagonals", layout.segment_diagonals),
                                  long_conv_constant("tap_pitch", layout.tap_pitch),
                                  long_conv_constant("segment_taps", layout.segment_taps)},
                                 adapt);
    }
};

} // namespace

const LongConvAlgorithm& long_conv_toeplitz_wgmma() {
    static const ToeplitzWgmma algorithm;
    return algorithm;
}

} // namespace chela
