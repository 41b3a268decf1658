#include "templates/short_conv/plan.hpp"

#include <fmt/format.h>

namespace chela {

namespace {

constexpr std::int64_t most_lanes = 16; // fp32 elements of the widest vector

class CpuVectors final : public ShortConvAlgorithm {
  public:
    std::string_view name() const override { return "cpu_vectors"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("block_tokens", 1, 65536, 64, "tokens of one block")
                .over({32, 64, 256, 1024, 4096}),
            Field::integer("block_channels", 16, 4096, 512, "channels of one block")
                .over({16, 64, 256, 1024}),
            Field::integer("unroll", 1, 16, 4, "rows, or vectors of a row, that are computed together")
                .over({2, 4, 8}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values&) const override {
        return target.backend == Backend::cpu ? "" : "it is for the CPU";
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        if (config["block_channels"] % most_lanes != 0)
            return fmt::format("block_channels must be a multiple of {}", most_lanes);
        const Field &tokens = tunables()[0], &unroll = tunables()[2];
        if (conv_state(traits) == ConvState::in_place &&
            (config["block_tokens"] != tokens.search.front() || config["unroll"] != unroll.search.front()))
            return fmt::format("block_tokens and unroll do not matter to a step: they must be {} and {}",
                               tokens.search.front(), unroll.search.front());
        const std::int64_t bytes = scratch_bytes(traits, config);
        if (bytes > block_limits(target).shared_bytes)
            return fmt::format("{} bytes of scratch memory of {}", bytes, block_limits(target).shared_bytes);
        return {};
    }

    /// Rows of memory as long as possible.
    Values default_config(const Target&, const Problem& problem) const override {
        Values config(tunables());
        if (conv_state(problem.traits) == ConvState::in_place)
            return config.set("block_tokens", 32).set("block_channels", 64).set("unroll", 2);
        if (conv_layout(problem.traits) == ConvLayout::channels_last)
            return config.set("block_tokens", 256)
                .set("block_channels", problem.traits["width"] > 8 ? 256 : 1024) // taps stay near
                .set("unroll", 8);
        return config.set("block_tokens", 4096).set("block_channels", 16).set("unroll", 4);
    }

    using ShortConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const std::int64_t channels = config["block_channels"];
        if (conv_state(traits) == ConvState::in_place)
            return conv_program(target, traits, *this, config,
                                {.file = "short_conv/step.cpu.h",
                                 .function = "short_conv_step",
                                 .grid = {1, {{"channels", channels}, {"batch", 1}}}},
                                adapt);
        const bool last = conv_layout(traits) == ConvLayout::channels_last;
        return conv_program(
            target, traits, *this, config,
            {.file = last ? "short_conv/channels_last.cpu.h" : "short_conv/channels_first.cpu.h",
             .function = "short_conv_forward",
             .grid = conv_tiles(traits, config["block_tokens"], channels),
             .shared_bytes = scratch_bytes(traits, config)},
            adapt);
    }

  private:
    static std::int64_t scratch_bytes(const Values& traits, const Values& config) {
        const std::int64_t width = traits["width"], channels = config["block_channels"];
        if (conv_layout(traits) == ConvLayout::channels_first)
            return 4 * (width + config["block_tokens"] + config["unroll"] * most_lanes);
        const std::int64_t rows = conv_state(traits) == ConvState::carried ? width : 1;
        return channels *
               (4 * (width + traits["bias"]) + rows * size_of(static_cast<DType>(traits["dtype"])));
    }
};

} // namespace

const ShortConvAlgorithm& short_conv_cpu_vectors() {
    static const CpuVectors algorithm;
    return algorithm;
}

} // namespace chela
