#include "templates/embedded_files.hpp"
#include "templates/long_conv/fft_plan.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela {

namespace {

/// Sizes that follow from the traits and the tunables; fft_mma_tables.cuh counts the same.
struct Layout {
    std::int64_t transform, outer, threads, shared_bytes, table_words, registers;
    std::int64_t prepare_threads, prepare_shared_bytes;

    Layout(const Values& traits, const Values& config)
        : transform(traits["reach"]), outer(transform / inner_values) {
        const std::int64_t columns = config["columns"], sequences = config["sequences"],
                           warps = sequences * inner_values / 8 / columns,
                           steps = std::max<std::int64_t>(1, outer / 16),
                           parts = traits["dtype"] == static_cast<int>(DType::bf16) ? 2 : 1;
        threads = 32 * warps;
        shared_bytes = 4 * (sequences * transform + warps);
        table_words = fragment_words * (outer / 8 * steps * (parts + 1) + 6) + 2 * transform;
        // Of the outer digit's sums, with their operands, or of a tile's values and what they are multiplied
        // by.
        registers = std::max<std::int64_t>(72, outer + outer * columns / 8 + 32);
        prepare_threads = transform / prepare_points;
        prepare_shared_bytes = complex_bytes * (transform + prepare_threads) + 4 * 32;
    }

    static constexpr std::int64_t inner_values = 256, fragment_words = 128, prepare_points = 16;
};

class FftMma final : public LongConvAlgorithm {
  public:
    std::string_view name() const override { return "fft_mma"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("columns", 4, 8, 8, "neighbouring tokens that a lane loads at once").over({4, 8}),
            Field::integer("sequences", 1, 8, 1, "sequences that a block transforms at once").over({1, 2}),
            Field::integer("batches", 1, 64, 2, "sequences of a block in all, which share a spectrum")
                .over({1, 2, 4}),
            Field::integer("blocks_per_sm", 1, 8, 1, "blocks per multiprocessor that registers are kept for")
                .over({1, 2, 3, 4, 5, 6, 7}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it is for tensor cores";
        if (traits["dtype"] == static_cast<int>(DType::fp32))
            return "values between its products are fp16: x must be bf16 or fp16";
        if (carries(traits)) return "it has no inputs before the first token";
        if (traits["reach"] < least || traits["reach"] > most)
            return fmt::format("reach is {}; it transforms from {} to {} points", traits["reach"], least,
                               most);
        const Layout layout(traits, Values(tunables()));
        if (layout.prepare_shared_bytes > block_limits(target).shared_bytes)
            return fmt::format("a transform of {} points does not fit the shared memory of {}",
                               traits["reach"], target.arch());
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const Layout layout(traits, config);
        if (config["columns"] % 4 != 0) return "columns must be 4 or 8: values are exchanged 4 at a time";
        if (config["batches"] % config["sequences"] != 0)
            return "batches must be a multiple of sequences: they are transformed at once";
        if (layout.threads > 1024 || layout.threads / 32 > layout.outer)
            return fmt::format("{} warps; the outermost digit has {} values, a block at most 32 warps",
                               layout.threads / 32, layout.outer);
        return rejects_resources(target, config, layout.threads, layout.shared_bytes, layout.registers);
    }

    /// Columns of a lane share matrices. Fewer are for sums that would not stay in registers, or for a few
    /// sequences that need more warps each.
    bool redundant(const Target& target, const Values& traits, const Values& config) const override {
        const Layout layout(traits, config);
        return (config["columns"] < 8 && layout.outer <= 32 && config["batches"] > 1) ||
               another_block_is_free(*this, target, traits, config, layout.threads);
    }

    /// Toeplitz products are faster up to about a thousand taps; beyond 8192 points the matrix of the
    /// outermost digit is so large that the CUDA cores' transform is faster.
    bool suits(const Target&, const Problem& problem) const override {
        return problem.traits["reach"] <= 8192;
    }

    /// Where there are few sequences for each multiprocessor, all at once, with all the registers that their
    /// threads want, and more warps each where there are very few. Otherwise as many blocks as were found
    /// fastest, or have room, and several short sequences one after the other for a spectrum.
    Values default_config(const Target& target, const Problem& problem) const override {
        const std::int64_t very_few = 2 * target.multiprocessors, few = 4 * very_few;
        Values config(tunables());
        const std::int64_t outer = problem.traits["reach"] / Layout::inner_values,
                           sequences = problem.extents["channels"] * problem.extents["batch"];
        const bool narrow = outer > 32 || sequences <= very_few;
        config.set("columns", narrow ? 4 : 8);
        config.set("batches", sequences < few || outer >= 16 ? 1 : 4);
        // One block less where the compiler would put a few registers into local memory.
        const bool is_crowded = problem.traits["alignment"] < 16 || target.compute_capability >= 100;
        const int wanted = narrow ? 2 : sequences < few ? 4 : (outer > 16 ? 4 : 6) - (is_crowded ? 1 : 0);
        for (const int blocks : {wanted, 4, 3, 2, 1}) {
            config.set("blocks_per_sm", blocks);
            if (blocks <= wanted && rejects(target, problem.traits, config).empty()) break;
        }
        return config;
    }

    bool loads_once() const override { return true; }

    using LongConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const Layout layout(traits, config);
        Program program =
            transform_program(target, traits, *this, config,
                              {.prepare_body = "long_conv/prepare_fft_mma.cuh",
                               .forward_body = "long_conv/forward_fft_mma.cuh",
                               .prepare_threads = layout.prepare_threads,
                               .forward_threads = layout.threads,
                               .prepare_shared_bytes = layout.prepare_shared_bytes,
                               .forward_shared_bytes = layout.shared_bytes,
                               .transform = layout.transform,
                               .block_channels = 1,
                               .most_elements = config["columns"],
                               .constants = {long_conv_constant("transform", layout.transform),
                                             long_conv_constant("outer", layout.outer),
                                             long_conv_constant("threads", layout.threads),
                                             long_conv_constant("points", Layout::prepare_points),
                                             long_conv_constant("table_words", layout.table_words)}},
                              adapt);
        constexpr std::int64_t word = 4;
        set_prepared(program, traits, word * layout.transform, word * layout.table_words);
        program.prepared_bytes.plus.push_back({4 * word, {{"channels", 4}}}); // a scale each
        return program;
    }

  private:
    static constexpr std::int64_t least = 2048, most = 16384;
};

} // namespace

const LongConvAlgorithm& long_conv_fft_mma() {
    static const FftMma algorithm;
    return algorithm;
}

} // namespace chela
