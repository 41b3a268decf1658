#include "templates/short_conv/plan.hpp"

namespace chela {

namespace {

class Step final : public ShortConvAlgorithm {
  public:
    std::string_view name() const override { return "step"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("threads", 32, 1024, 64, "channels of one block, one thread each")
                .over({32, 64, 128, 256}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it is for CUDA cores";
        return conv_state(traits) == ConvState::in_place ? "" : "it updates a state in place";
    }

    std::string rejects(const Target&, const Values&, const Values& config) const override {
        return config["threads"] % 32 == 0 ? "" : "threads must be a multiple of 32";
    }

    Values default_config(const Target&, const Problem&) const override { return Values(tunables()); }

    using ShortConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const std::int64_t threads = config["threads"];
        return conv_program(target, traits, *this, config,
                            {.file = "short_conv/step.cuh",
                             .function = "short_conv_step",
                             .grid = {1, {{"channels", threads}, {"batch", 1}}},
                             .threads = threads},
                            adapt);
    }
};

} // namespace

const ShortConvAlgorithm& short_conv_step() {
    static const Step algorithm;
    return algorithm;
}

} // namespace chela
