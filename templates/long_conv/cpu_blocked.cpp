#include "templates/long_conv/plan.hpp"

#include <fmt/format.h>

namespace chela {

namespace {

constexpr std::int64_t most_lanes = 16; // fp32 elements of the widest vector

class CpuBlocked final : public LongConvAlgorithm {
  public:
    std::string_view name() const override { return "cpu_blocked"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("block_tokens", 16, 65536, 256, "outputs of one block").over({64, 128, 256, 512}),
            Field::integer("segment", 16, 65536, 256, "taps in scratch memory at once")
                .over({16, 64, 256, 512}),
            Field::integer("unroll", 2, 16, 8, "outputs, and lags, that are computed together").over({4, 8}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values&) const override {
        return target.backend == Backend::cpu ? "" : "it is for the CPU";
    }

    std::string rejects(const Target& target, const Values&, const Values& config) const override {
        for (const char* name : {"block_tokens", "segment"})
            if (config[name] % most_lanes != 0 || config[name] % config["unroll"] != 0)
                return fmt::format("{} must be a multiple of unroll and of {}", name, most_lanes);
        if (scratch_bytes(config) > block_limits(target).shared_bytes)
            return fmt::format("{} bytes of scratch memory of {}", scratch_bytes(config),
                               block_limits(target).shared_bytes);
        return {};
    }

    Values default_config(const Target&, const Problem& problem) const override {
        Values config(tunables());
        const bool short_rows = problem.extents["length"] <= 64;
        return config.set("block_tokens", short_rows ? 64 : 256)
            .set("segment", problem.extents["kernel_length"] <= 64 ? 64 : 256)
            .set("unroll", 8);
    }

    using LongConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        // A row of memory of 16 channels is half a cache line or a whole one.
        return long_conv_program(target, traits, *this, config, "long_conv/forward.cpu.h",
                                 {1, most_lanes, config["block_tokens"]}, 1, scratch_bytes(config), {},
                                 adapt);
    }

  private:
    static std::int64_t scratch_bytes(const Values& config) {
        return 4 * most_lanes * 2 * (config["segment"] + config["block_tokens"]);
    }
};

} // namespace

const LongConvAlgorithm& long_conv_cpu_blocked() {
    static const CpuBlocked algorithm;
    return algorithm;
}

} // namespace chela
