#include "templates/long_conv/plan.hpp"

namespace chela {

namespace {

constexpr std::int64_t window = 128;  ///< tokens of the 8 columns of 16 of one mma
constexpr std::int64_t halo = 7 * 16; ///< tokens before a window that its shifts reach

/// Sizes that follow from the tunables; in elements unless the name says bytes.
struct Layout {
    LongConvTile tile;
    std::int64_t row_tokens, tap_pitch, shared_bytes, registers;

    explicit Layout(const Values& config) {
        const std::int64_t windows = config["windows"];
        tile = {config["tile_batches"], config["warps"], windows * window};
        row_tokens = tile.tokens + halo;
        tap_pitch = (2 * windows - 1) * window + 16; // the lags between two runs of windows
        shared_bytes = 2 * tile.channels * (tile.batches * row_tokens + 2 * tap_pitch);
        // Sums, inputs, and what the loops around them need.
        registers = tile.batches * windows * (4 + 2) + 32;
    }
};

class Toeplitz final : public LongConvAlgorithm {
  public:
    std::string_view name() const override { return "toeplitz"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("windows", 2, 8, 4, "windows of 128 outputs of one warp").over({2, 4, 8}),
            Field::integer("tile_batches", 1, 8, 1, "sequences of one warp, which share its taps")
                .over({1, 2, 4}),
            Field::integer("warps", 1, 16, 8, "warps of one block, a channel each").over({4, 8}),
            Field::integer("blocks_per_sm", 1, 4, 2, "blocks per multiprocessor that registers are kept for")
                .over({1, 2}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it needs tensor cores";
        if (traits["dtype"] == static_cast<int>(DType::fp32))
            return "tensor cores do not multiply fp32 exactly";
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t windows = config["windows"], warps = config["warps"];
        if (windows % 2 != 0) return "windows must be even: inputs are loaded two at a time";
        if (conv_layout(traits) == ConvLayout::channels_last && (warps & (warps - 1)) != 0)
            return "warps must be a power of two, or packets of channels would lie across blocks";
        const Layout layout(config);
        return rejects_resources(target, config, 32 * warps, layout.shared_bytes, layout.registers);
    }

    bool redundant(const Target& target, const Values& traits, const Values& config) const override {
        return another_block_is_free(*this, target, traits, config, 32 * config["warps"]);
    }

    /// Many outputs to each fragment of taps, of one sequence or of two; several blocks on a multiprocessor,
    /// so that some compute while others load.
    Values default_config(const Target& target, const Problem& problem) const override {
        Values config(tunables());
        const std::int64_t length = problem.extents["length"];
        const bool share = problem.extents["batch"] > 1;
        config.set("tile_batches", share ? 2 : 1).set("warps", 8);
        config.set("windows", length <= 2 * window ? 2 : length <= 8 * window || share ? 4 : 8);
        if (!rejects(target, problem.traits, config).empty()) config.set("blocks_per_sm", 1);
        return config;
    }

    using LongConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const Layout layout(config);
        return long_conv_program(target, traits, *this, config, "long_conv/forward_toeplitz.cuh", layout.tile,
                                 32 * config["warps"], layout.shared_bytes,
                                 {long_conv_constant("row_tokens", layout.row_tokens),
                                  long_conv_constant("row_pitch", layout.row_tokens),
                                  long_conv_constant("tap_pitch", layout.tap_pitch),
                                  long_conv_constant("segment_taps", layout.tap_pitch)},
                                 adapt);
    }
};

} // namespace

const LongConvAlgorithm& long_conv_toeplitz() {
    static const Toeplitz algorithm;
    return algorithm;
}

} // namespace chela
