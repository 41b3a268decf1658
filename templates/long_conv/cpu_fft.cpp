#include "templates/long_conv/plan.hpp"

#include <fmt/format.h>

namespace chela {

namespace {

constexpr std::int64_t tile_channels = 16; // fp32 elements of the widest vector

class CpuFft final : public LongConvAlgorithm {
  public:
    std::string_view name() const override { return "cpu_fft"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("points", 16, 4096, 1024, "tokens and lags of one transform, a power of four")
                .over({256, 1024, 4096}),
            Field::choice("transform", {"generated", "fftw"}, 0, "this source's own, or that of FFTW 3")
                .over({0, 1}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values&) const override {
        return target.backend == Backend::cpu ? "" : "it is for the CPU";
    }

    std::string rejects(const Target&, const Values&, const Values& config) const override {
        for (std::int64_t points = 16; points <= 4096; points *= 4)
            if (config["points"] == points) return {};
        return "points must be a power of four";
    }

    /// A transform that fits the second-level cache, and no longer than the sequence or its kernel need.
    Values default_config(const Target&, const Problem& problem) const override {
        Values config(tunables());
        const std::int64_t needed = std::min(problem.extents["length"], problem.extents["kernel_length"]);
        return config.set("points", needed <= 256 ? 256 : 1024);
    }

    using LongConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const std::int64_t points = config["points"], transform = points * 2 * tile_channels * 4;
        const bool both = traits["bidirectional"] != 0;
        const Count tiles{1, {{"channels", tile_channels}}};
        const auto of_tiles = [&](Count count, const char* extent, std::int64_t divisor) {
            count.terms.push_back({extent, divisor});
            return count;
        };
        const Count rows = of_tiles(tiles, "batch", 1), outputs = of_tiles(rows, "length", points),
                    inputs = both              ? outputs + rows
                             : carries(traits) ? outputs + of_tiles(rows, "kernel_length", points)
                                               : outputs;
        Count taps = of_tiles(tiles, "kernel_length", points);
        taps.factor = both ? 2 : 1;

        Program program;
        const auto add = [&](const char* file, const char* function, const Count& grid, bool prepares) {
            const EmitRequest request{.family = &long_conv_family(),
                                      .target = target,
                                      .traits = traits,
                                      .algorithm = this,
                                      .config = config,
                                      .body = file,
                                      .function = function,
                                      .derived = {long_conv_constant("tile_channels", tile_channels)},
                                      .prepared = true};
            program.kernels.push_back({function,
                                       emit_long_conv(request, adapt),
                                       {.grid = grid, .shared_bytes = transform},
                                       prepares});
        };
        add("long_conv/prepare_fft.cpu.h", "long_conv_prepare", taps, true);
        add("long_conv/inputs_fft.cpu.h", "long_conv_inputs", inputs, false);
        add("long_conv/forward_fft.cpu.h", "long_conv_forward", outputs, false);
        add_final_state(program, target, traits, *this, config);
        program.workspace_bytes = inputs * transform;
        program.prepared_bytes = taps * transform;
        for (const TensorSpec& tensor : long_conv_family().tensors())
            if (tensor.exists(traits) && (tensor.name.starts_with("kernel") || tensor.name == "skip"))
                program.prepared_from.push_back(tensor.name);
        return program;
    }
};

} // namespace

const LongConvAlgorithm& long_conv_cpu_fft() {
    static const CpuFft algorithm;
    return algorithm;
}

} // namespace chela
