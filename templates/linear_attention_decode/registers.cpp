#include "codegen/emit.hpp"
#include "templates/embedded_files.hpp"
#include "templates/linear_attention_decode/family.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace chela {

namespace {

std::int64_t round_up_to_power(std::int64_t value) {
    return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(value)));
}

/// How the threads of a block share a tile of the state.
struct Layout {
    std::int64_t state_bytes;     ///< of one element
    std::int64_t vector;          ///< columns of one thread
    std::int64_t threads_per_row; ///< and so columns of a tile
    std::int64_t rows;            ///< of one thread
    std::int64_t padded_rows;     ///< of all threads
    std::int64_t value_tiles;
    std::int64_t shared_bytes;

    Layout(const Values& traits, const Values& config) {
        const std::int64_t tile = config["value_tile"], threads = config["threads"];
        state_bytes = size_of(decode_state_dtype(traits));
        vector = std::max<std::int64_t>(1, traits["alignment"] / state_bytes);
        threads_per_row = std::max<std::int64_t>(1, tile / vector);
        const std::int64_t row_groups = std::max<std::int64_t>(1, threads / threads_per_row);
        rows = (traits["head_dim"] + row_groups - 1) / row_groups;
        padded_rows = rows * row_groups;
        value_tiles = (traits["value_dim"] + tile - 1) / tile;
        // Two tokens (key and query of each row, values, decay) and two sets of sums (one row of the tile
        // per warp, or per threads_per_row where these are more, with one for the normaliser).
        const std::int64_t token =
            (8 * padded_rows + 4 * tile + (traits.text("decay") == "scalar" ? 4 : 0) + 15) / 16 * 16;
        const std::int64_t sums =
            threads / std::max<std::int64_t>(32, threads_per_row) * (tile + traits["normalize"]) * 4;
        shared_bytes = 2 * token + 2 * sums;
    }

    std::int64_t elements_per_thread() const { return rows * vector; }
};

class Registers final : public Algorithm {
  public:
    std::string_view name() const override { return "registers"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("value_tile", 8, 256, 64, "value columns of one block")
                .over({8, 16, 32, 64, 128, 256}),
            Field::integer("threads", 32, 1024, 256, "threads of one block")
                .over({32, 64, 128, 256, 512, 1024}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values&) const override {
        return target.backend == Backend::cpu ? "it is for CUDA cores" : "";
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t tile = config["value_tile"], threads = config["threads"];
        if (!std::has_single_bit(static_cast<std::uint64_t>(tile)) ||
            !std::has_single_bit(static_cast<std::uint64_t>(threads)))
            return "value_tile and threads must be powers of two";
        const std::int64_t widest = std::max<std::int64_t>(8, round_up_to_power(traits["value_dim"]));
        if (tile > widest) return "value_tile would be mostly padding";
        const Layout layout(traits, config);
        constexpr std::int64_t sector = 32; // bytes that memory moves at least
        if (tile < widest && tile * layout.state_bytes < sector)
            return "a row of the tile would be less than a sector of memory";
        if (layout.threads_per_row > threads)
            return "a row of the tile has more vectors than the block threads";
        if (threads > 32 && threads / layout.threads_per_row > round_up_to_power(traits["head_dim"]))
            return "most threads would have no row of the state";
        // What a thread needs beside its part of the state: addresses, a row of values and sums, the next
        // token.
        constexpr std::int64_t others = 36, most_registers = 255;
        const std::int64_t packed = layout.state_bytes == 4 ? 0 : layout.elements_per_thread() / 2;
        const std::int64_t registers =
            layout.elements_per_thread() + packed + (traits["normalize"] ? layout.rows : 0) + others;
        if (layout.elements_per_thread() > 64 || registers > most_registers ||
            registers * threads > block_limits(target).registers_per_sm)
            return fmt::format("{} elements of the state per thread do not stay in registers",
                               layout.elements_per_thread());
        if (layout.shared_bytes > block_limits(target).shared_bytes)
            return fmt::format("{} bytes of shared memory; {} has {}", layout.shared_bytes, target.arch(),
                               block_limits(target).shared_bytes);
        return {};
    }

    /// Many heads: rows of two cache lines and 128 bytes of each thread in flight (measured on an H200: 94 %
    /// of copy, 90 % with rows of one line). Few heads: narrower tiles, so that every multiprocessor takes
    /// part, and less for each thread; with a normaliser the whole row, which saves the second launch.
    Values default_config(const Target& target, const Problem& problem) const override {
        constexpr std::int64_t line = 128, blocks_wanted = 128;
        const std::int64_t value_dim = problem.traits["value_dim"],
                           size = size_of(decode_state_dtype(problem.traits));
        const std::int64_t heads = heads_of(problem);
        const auto blocks = [&](std::int64_t tile) { return heads * ((value_dim + tile - 1) / tile); };
        const std::int64_t widest = std::max<std::int64_t>(8, round_up_to_power(value_dim));
        std::int64_t tile = std::min(widest, 2 * line / size);
        if (blocks(tile) < 8 * blocks_wanted) tile = std::min(tile, line / size);
        while (tile > 8 && blocks(tile) < blocks_wanted) tile /= 2;
        const bool few = blocks(tile) <= 2 * blocks_wanted;
        std::vector<std::int64_t> tiles;
        if (problem.traits["normalize"] && heads <= blocks_wanted) tiles.push_back(widest);
        for (std::int64_t other = tile; other <= widest; other *= 2) tiles.push_back(other);
        for (std::int64_t other = tile / 2; other >= 8; other /= 2) tiles.push_back(other);
        Values config(tunables());
        for (const std::int64_t most : {few ? std::int64_t{16} : line / size, std::int64_t{64}})
            for (const std::int64_t candidate : tiles)
                for (const std::int64_t threads : {32, 64, 128, 256, 512, 1024}) {
                    config.set("value_tile", candidate).set("threads", threads);
                    if (Layout(problem.traits, config).elements_per_thread() <= most &&
                        rejects(target, problem.traits, config).empty())
                        return config;
                }
        return config;
    }

    Program generate(const Target& target, const Values& traits, const Values& config) const override {
        const Layout layout(traits, config);
        const auto constant = [](const char* name, std::int64_t value) {
            return EmitRequest::Constant{"int", name, std::to_string(value)};
        };
        EmitRequest request{
            &linear_attention_decode_family(), target, traits, this, config, {}, {}, 0, 0, {}};
        Program program;
        const auto add = [&](const char* file, const char* function, std::int64_t threads,
                             std::int64_t blocks_per_head, std::int64_t shared_bytes) {
            request.body = file;
            request.function = function;
            request.block = static_cast<int>(threads);
            const Count grid{blocks_per_head, {{"batch", 1}, {"heads", 1}}};
            program.kernels.push_back(
                {function, emit(embedded_files(), request), {grid, request.block, shared_bytes, 1}});
        };
        const bool one_block = layout.value_tiles == 1;
        request.derived = {
            constant("vector", layout.vector),
            constant("threads_per_row", layout.threads_per_row),
            constant("rows", layout.rows),
            constant("padded_rows", layout.padded_rows),
            constant("value_tiles", layout.value_tiles),
            {"bool", "writes_normalizer", traits["normalize"] && one_block ? "true" : "false"}};
        add("linear_attention_decode/decode.cuh", "linear_attention_decode", config["threads"],
            layout.value_tiles, layout.shared_bytes);
        if (traits["normalize"] && !one_block) {
            constexpr std::int64_t threads = 128;
            request.derived = {constant("normalizer_threads", threads)};
            add("linear_attention_decode/normalizer.cuh", "linear_attention_decode_normalizer", threads, 1,
                0);
        }
        return program;
    }
};

} // namespace

const Algorithm& linear_attention_decode_registers() {
    static const Registers algorithm;
    return algorithm;
}

} // namespace chela
