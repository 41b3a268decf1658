#include "templates/long_conv/fft_plan.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace chela {

namespace {

/// Sizes that follow from the traits and the tunables.
struct Layout {
    std::int64_t transform, column_length, row_length, column_threads, row_threads, rows, twiddles,
        column_bytes, row_bytes;

    Layout(const Values& traits, const Values& config)
        : transform(traits["reach"]), column_length(config["column_length"]),
          row_length(transform / column_length) {
        const std::int64_t points = config["points"];
        column_threads = config["columns"] * column_length / points;
        row_threads = std::max(config["row_threads"], row_length / points);
        rows = row_threads * points / row_length;
        twiddles = twiddle_entries(column_length, points, 0, exponent_of(row_length)) +
                   twiddle_entries(row_length, points, exponent_of(column_length), 0);
        column_bytes = config["columns"] * (column_length + column_length / points) * complex_bytes;
        row_bytes = rows * (row_length + row_length / points) * complex_bytes;
    }
};

/// Whether so many threads of a multiprocessor have the registers they need without spills: the taps of both
/// sides take a few more.
bool has_registers(const Values& traits, std::int64_t points, std::int64_t threads) {
    return traits["bidirectional"] == 0 || points <= 16 || threads <= 256;
}

class FftSplit final : public LongConvAlgorithm {
  public:
    std::string_view name() const override { return "fft_split"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("column_length", 64, 8192, 512, "points of the transforms of columns")
                .over({128, 256, 512, 1024}),
            Field::integer("columns", 4, 32, 16, "neighbouring columns of one block").over({8, 16}),
            Field::integer("row_threads", 32, 1024, 256, "least threads of a block for rows")
                .over({128, 256}),
            Field::integer("points", 8, 32, 16, "points of a transform that a thread holds").over({16, 32}),
            Field::integer("blocks_per_sm", 1, 8, 1, "blocks per multiprocessor that registers are kept for")
                .over({1, 2}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it is for CUDA cores";
        if (carries(traits)) return "it has no inputs before the first token";
        if (traits["reach"] < least_transform)
            return fmt::format("transforms of {} points are not worth splitting", traits["reach"]);
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        for (const char* name : {"column_length", "columns", "row_threads", "points"})
            if (!std::has_single_bit(static_cast<std::uint64_t>(config[name])))
                return fmt::format("{} must be a power of two", name);
        const Layout layout(traits, config);
        if (layout.row_length < 64 || layout.row_length > 8192)
            return fmt::format("rows of {} points; there must be 64 to 8192", layout.row_length);
        if (layout.rows > layout.column_length) return "a block would have more rows than there are";
        const std::int64_t threads = std::max(layout.column_threads, layout.row_threads);
        if (std::min(layout.column_threads, layout.row_threads) < 32 ||
            threads > block_limits(target).threads)
            return fmt::format("{} and {} threads; there must be 32 to {}", layout.column_threads,
                               layout.row_threads, block_limits(target).threads);
        return rejects_resources(target, config, threads, std::max(layout.column_bytes, layout.row_bytes),
                                 transform_registers(config["points"]));
    }

    /// Columns are half as long as the default's, as long, or twice as long.
    bool redundant(const Target&, const Values& traits, const Values& config) const override {
        const int balanced = std::min(exponent_of(traits["reach"]) / 2, 10);
        return std::abs(exponent_of(config["column_length"]) - balanced) > 1;
    }

    /// Columns and rows of about the same length, columns the shorter ones: a block has several.
    Values default_config(const Target& target, const Problem& problem) const override {
        Values config(tunables());
        const int bits = exponent_of(problem.traits["reach"]);
        config.set("column_length", std::int64_t{1} << std::min(bits / 2, 10));
        config.set("points", bits > 18 ? 32 : 16);
        for (const int columns : {16, 8, 4}) {
            config.set("columns", columns);
            for (const int blocks : {2, 1}) {
                config.set("blocks_per_sm", blocks);
                const std::int64_t threads = blocks * Layout(problem.traits, config).column_threads;
                if (rejects(target, problem.traits, config).empty() &&
                    has_registers(problem.traits, config["points"], threads))
                    return config;
            }
        }
        return config;
    }

    bool loads_once() const override { return true; }

    using LongConvAlgorithm::generate;
    Program generate(const Target& target, const Values& traits, const Values& config,
                     const AdaptRequest& adapt) const override {
        const Layout layout(traits, config);
        Program program;
        EmitRequest last;
        const auto add = [&](const char* file, const char* function, bool of_columns, bool prepares) {
            const std::int64_t threads = of_columns ? layout.column_threads : layout.row_threads;
            EmitRequest request{&long_conv_family(),
                                target,
                                traits,
                                this,
                                config,
                                file,
                                function,
                                static_cast<int>(threads),
                                static_cast<int>(config["blocks_per_sm"]),
                                {long_conv_constant("transform", layout.transform),
                                 long_conv_constant("row_length", layout.row_length),
                                 long_conv_constant("rows", layout.rows),
                                 long_conv_constant("twiddles", layout.twiddles)}};
            for (auto& constant : row_constants(traits, copies))
                request.derived.push_back(std::move(constant));
            request.prepared = true;
            last = request;
            Count blocks{of_columns ? layout.row_length / config["columns"]
                                    : layout.column_length / layout.rows,
                         {{"channels", 1}}};
            if (!prepares) {
                blocks.terms.push_back({"batch", 1});
                blocks.terms.push_back({"length", layout.transform});
            }
            program.kernels.push_back(
                {request.function,
                 emit_long_conv(request, adapt),
                 {blocks, request.block, of_columns ? layout.column_bytes : layout.row_bytes, 1},
                 prepares});
        };
        add("long_conv/prepare_columns.cuh", "long_conv_prepare_columns", true, true);
        add("long_conv/prepare_rows.cuh", "long_conv_prepare_rows", false, true);
        add("long_conv/split_columns.cuh", "long_conv_split_columns", true, false);
        add("long_conv/split_rows.cuh", "long_conv_split_rows", false, false);
        add("long_conv/forward_split.cuh", "long_conv_forward", true, false);
        program.workspace_bytes = {layout.transform * complex_bytes,
                                   {{"channels", 1}, {"batch", 1}, {"length", layout.transform}}};
        turn_rows(program, last, copies, adapt);
        set_prepared(program, traits, layout.transform * complex_bytes, layout.twiddles * complex_bytes);
        return program;
    }

  private:
    static constexpr std::int64_t least_transform = 1 << 14;
    static constexpr std::int64_t copies = 1; ///< all of x has been read when y is written
};

} // namespace

const LongConvAlgorithm& long_conv_fft_split() {
    static const FftSplit algorithm;
    return algorithm;
}

} // namespace chela
