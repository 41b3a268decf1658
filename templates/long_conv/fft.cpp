#include "templates/embedded_files.hpp"
#include "templates/long_conv/fft_plan.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace chela {

namespace {

/// Sizes that follow from the traits and the tunables; passes.cuh counts the same. Inputs are staged in the
/// rows that values are exchanged through, or apart from them, behind all else, where there is room: two
/// barriers fewer.
struct Layout {
    std::int64_t transform, points, sequence_threads, sequences, twiddles, row_bytes, staged_bytes,
        staged_offset = 0, shared_bytes;
    bool apart;

    Layout(const Target& target, const Values& traits, const Values& config)
        : transform(traits["reach"]), points(config["points"]), sequence_threads(transform / points),
          sequences(config["threads"] / std::max<std::int64_t>(1, sequence_threads)) {
        twiddles = twiddle_entries(transform, points);
        row_bytes = shared_bytes = sequences * (transform + sequence_threads) * complex_bytes;
        staged_bytes = transform * size_of(static_cast<DType>(traits["dtype"]));
        const std::int64_t with_staged = shared_bytes + sequences * staged_bytes;
        apart = fits(target, config["blocks_per_sm"], with_staged);
        if (apart) {
            staged_offset = shared_bytes;
            shared_bytes = with_staged;
        } else {
            staged_bytes = row_bytes / sequences;
        }
    }
};

class Fft final : public LongConvAlgorithm {
  public:
    std::string_view name() const override { return "fft"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("points", 8, 32, 16, "points of a transform that a thread holds").over({16, 32}),
            Field::integer("threads", 32, 1024, 256, "threads of one block").over({128, 256, 512}),
            Field::integer("batches", 1, 64, 1, "sequences, one after the other, that share a spectrum")
                .over({1, 2, 4, 8}),
            Field::integer("blocks_per_sm", 1, 8, 1, "blocks per multiprocessor that registers are kept for")
                .over({1, 2, 3, 6}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it is for CUDA cores";
        if (carries(traits)) return "it has no inputs before the first token";
        const std::int64_t bytes = traits["reach"] * (complex_bytes + 1);
        if (bytes > block_limits(target).shared_bytes)
            return fmt::format("a transform of {} points does not fit the shared memory of {}",
                               traits["reach"], target.arch());
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t points = config["points"], threads = config["threads"];
        if (!std::has_single_bit(static_cast<std::uint64_t>(points)) ||
            !std::has_single_bit(static_cast<std::uint64_t>(threads)))
            return "points and threads must be powers of two";
        if (traits["reach"] <= points) return "points must be fewer than a transform has";
        const Layout layout(target, traits, config);
        if (layout.sequences < 1) return fmt::format("a transform takes {} threads", layout.sequence_threads);
        return rejects_resources(target, config, threads, layout.shared_bytes, transform_registers(points));
    }

    bool redundant(const Target& target, const Values& traits, const Values& config) const override {
        Values with_another = config;
        with_another.set("blocks_per_sm", config["blocks_per_sm"] + 1);
        return another_block_is_free(*this, target, traits, config, config["threads"]) &&
               Layout(target, traits, with_another).apart == Layout(target, traits, config).apart;
    }

    /// Tensor cores, where they serve, are faster up to about a thousand taps.
    bool suits(const Target&, const Problem& problem) const override {
        return problem.traits["reach"] > (problem.dtype() == DType::fp32 ? 128 : 1024);
    }

    /// The fewest passes; more points of a thread only where they save one.
    Values default_config(const Target& target, const Problem& problem) const override {
        Values config(tunables());
        const int bits = exponent_of(problem.traits["reach"]);
        const bool wide = (bits + 4) / 5 < (bits + 3) / 4;
        config.set("points", wide ? 32 : 16);
        config.set("threads",
                   std::max<std::int64_t>(wide ? 128 : 256, problem.traits["reach"] / config["points"]));
        while (config["batches"] < 4 && config["batches"] < problem.extents["batch"])
            config.set("batches", 2 * config["batches"]);
        for (const int blocks : {3, 2, 1}) {
            if (wide && blocks == 3) continue;
            config.set("blocks_per_sm", blocks);
            if (rejects(target, problem.traits, config).empty()) return config;
        }
        return config;
    }

    bool loads_once() const override { return true; }

    using LongConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const Layout layout(target, traits, config);
        Program program =
            transform_program(target, traits, *this, config,
                              {.prepare_body = "long_conv/prepare_fft.cuh",
                               .forward_body = "long_conv/forward_fft.cuh",
                               .prepare_threads = config["threads"],
                               .forward_threads = config["threads"],
                               .prepare_shared_bytes = layout.row_bytes,
                               .forward_shared_bytes = layout.shared_bytes,
                               .transform = layout.transform,
                               .block_channels = layout.sequences,
                               .most_elements = 8,
                               .constants = {long_conv_constant("transform", layout.transform),
                                             long_conv_constant("sequences", layout.sequences),
                                             long_conv_constant("staged_offset", layout.staged_offset),
                                             long_conv_constant("staged_bytes", layout.staged_bytes),
                                             {"bool", "apart", layout.apart ? "true" : "false"},
                                             long_conv_constant("twiddles", layout.twiddles)}},
                              adapt);
        set_prepared(program, traits, layout.transform * complex_bytes, layout.twiddles * complex_bytes);
        return program;
    }
};

} // namespace

const LongConvAlgorithm& long_conv_fft() {
    static const Fft algorithm;
    return algorithm;
}

} // namespace chela
