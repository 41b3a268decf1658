#include "templates/linear_attention/family.hpp"
#include "templates/linear_attention/pieces.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela {

namespace {

/// Bytes of a scratch matrix (prelude/cpu/matrix.h).
std::int64_t matrix_bytes(std::int64_t rows, std::int64_t columns) {
    return 4 * rows * (((columns + 15) / 16) | 1) * 16;
}

/// Scratch memory of one block of each kernel.
struct Scratch {
    std::int64_t states, forward;

    Scratch(const Values& traits, const Values& config) {
        const std::int64_t d = traits["head_dim"], e = traits["value_dim"], chunk = config["chunk"],
                           tile = config["tile_rows"];
        const std::int64_t state_rows = round_up(d, tile), token_rows = round_up(chunk, tile);
        const std::int64_t state = matrix_bytes(state_rows, e), keys = matrix_bytes(state_rows, chunk),
                           values = matrix_bytes(chunk, e);
        states = state + keys + values;
        forward = state + matrix_bytes(token_rows, d) + matrix_bytes(token_rows, e);
        if (traits["causal"]) forward += keys + values + matrix_bytes(token_rows, chunk);
        if (traits["decay"] != static_cast<int>(Decay::none)) {
            states += matrix_bytes(1, chunk) + matrix_bytes(1, token_rows);
            forward += matrix_bytes(1, chunk) + matrix_bytes(1, token_rows);
        }
        if (traits["normalize"] != 0) forward += matrix_bytes(1, d) + matrix_bytes(1, token_rows);
    }
};

class CpuBlocked final : public Algorithm {
  public:
    std::string_view name() const override { return "cpu_blocked"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("chunk", 16, 256, 64, "tokens per chunk").over({16, 32, 48, 64, 96, 128, 256}),
            Field::integer("tile_rows", 1, 16, 8, "rows of a register tile").over({4, 6, 8, 12}),
            Field::integer("tile_vectors", 1, 8, 2, "vectors of a row of a register tile").over({1, 2, 3, 4}),
            Field::integer("segments", 1, 256, 1, "pieces of the sequence computed side by side")
                .over({1, 2, 4, 8, 16}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend != Backend::cpu) return "it is for the CPU";
        if (traits["math"] == static_cast<int>(Math::tf32)) return "the CPU has no tf32";
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t registers = config["tile_rows"] * config["tile_vectors"];
        // 32 vector registers at most: the tile, one row of B, one broadcast element of A.
        if (registers + config["tile_vectors"] + 1 > 32)
            return fmt::format("a tile of {} x {} vectors leaves no registers for its operands",
                               config["tile_rows"], config["tile_vectors"]);
        if (registers < 8) return "a tile of fewer than 8 vectors waits for its own sums";
        const Scratch scratch(traits, config);
        const std::int64_t bytes = std::max(scratch.states, scratch.forward);
        if (bytes > block_limits(target).shared_bytes)
            return fmt::format("{} bytes of scratch memory; there are {}", bytes,
                               block_limits(target).shared_bytes);
        return {};
    }

    /// Measured on Zen 4: the shorter the chunk, the smaller the triangle of scores; below 16 or 32 tokens
    /// the packing of a chunk costs more. Without a triangle there is nothing to keep small.
    Values default_config(const Target&, const Problem& problem) const override {
        constexpr std::int64_t cores_to_fill = 4; // every further piece sums its keys and values twice
        const bool narrow = std::max(problem.traits["head_dim"], problem.traits["value_dim"]) <= 64;
        Values config(tunables());
        config.set("chunk", !problem.traits["causal"] ? 64 : narrow ? 16 : 32);
        return config.set("segments", pieces_to_fill(problem, 1, cores_to_fill, config["chunk"], 16));
    }

    Program generate(const Target& target, const Values& traits, const Values& config) const override {
        const Scratch scratch(traits, config);
        PieceBodies bodies(traits);
        bodies.states = {"linear_attention/states.cpu.h", 1, 1, scratch.states, {}};
        bodies.scan = PieceBody{"linear_attention/scan.cpu.h", 1, 1, 0, {}};
        bodies.forward = {"linear_attention/forward.cpu.h", 1, 1, scratch.forward, {}};
        return compose({&linear_attention_family(), target, traits, this, config, {}, {}, 0, 0, {}}, bodies);
    }
};

} // namespace

const Algorithm& linear_attention_cpu_blocked() {
    static const CpuBlocked algorithm;
    return algorithm;
}

} // namespace chela
