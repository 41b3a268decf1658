#include "templates/linear_attention/family.hpp"
#include "templates/linear_attention/pieces.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace chela {

namespace {

/// Offsets in floats from the start of shared memory: state, query, key, value, scores.
struct Layout {
    std::int64_t padded_head_dim, head_pitch, value_pitch, value_tiles, query, key, value, scores, forward,
        states_key, states_value, states;
    ChunkExtras extras;

    Layout(const Values& traits, const Values& config)
        : extras(traits, config["chunk"], 1, (traits["head_dim"] + 15) / 16 * 16) {
        const std::int64_t chunk = config["chunk"], value_tile = config["value_tile"];
        padded_head_dim = (traits["head_dim"] + 15) / 16 * 16;
        // Four floats longer than a multiple of 32 banks: eight rows read 16 bytes each without a conflict.
        head_pitch = (padded_head_dim + 31) / 32 * 32 + 4;
        value_pitch = value_tile;
        value_tiles = (traits["value_dim"] + value_tile - 1) / value_tile;
        const std::int64_t state = padded_head_dim * value_tile, rows = chunk * head_pitch;
        query = state;
        key = query + rows;
        value = key + rows;
        scores = value + chunk * value_pitch;
        forward = traits["causal"] ? scores + chunk * (chunk + 4) : key;
        states_key = state;
        states_value = states_key + rows;
        states = states_value + chunk * value_pitch;
    }
};

class Simt final : public Algorithm {
  public:
    std::string_view name() const override { return "simt"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("chunk", 16, 256, 32, "tokens per chunk").over({16, 32, 64}),
            Field::integer("value_tile", 16, 256, 32, "value columns of one block").over({16, 32, 64}),
            Field::integer("threads", 32, 1024, 256, "threads of one block").over({64, 128, 256}),
            Field::integer("segments", 1, 256, 1, "pieces of the sequence computed side by side")
                .over({1, 2, 4, 8, 16, 32}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values& traits) const override {
        if (target.backend == Backend::cpu) return "it is for CUDA cores";
        if (traits["dtype"] != static_cast<int>(DType::fp32)) return "it computes fp32 only";
        return {};
    }

    std::string rejects(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t chunk = config["chunk"], value_tile = config["value_tile"],
                           threads = config["threads"];
        if (chunk % 16 != 0 || value_tile % 16 != 0 || threads % 32 != 0)
            return "chunk and value_tile must be multiples of 16, threads of 32";
        const auto useful =
            static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(traits["value_dim"])));
        if (value_tile > std::max<std::int64_t>(16, useful)) return "value_tile would be mostly padding";
        if (threads > chunk * value_tile / 16 * 2)
            return "most threads would have no micro tile of the output";
        const Layout layout(traits, config);
        const std::int64_t bytes = 4 * std::max(layout.forward, layout.states) + layout.extras.bytes;
        if (bytes > block_limits(target).shared_bytes)
            return fmt::format("{} bytes of shared memory; {} has {}", bytes, target.arch(),
                               block_limits(target).shared_bytes);
        return {};
    }

    /// A narrow block reads q and k again for every few columns.
    bool redundant(const Target&, const Values& traits, const Values& config) const override {
        return config["value_tile"] == 16 && traits["value_dim"] > 16;
    }

    Values default_config(const Target& target, const Problem& problem) const override {
        Values config(tunables());
        config.set("value_tile", problem.traits["value_dim"] <= 16 ? 16 : 32);
        for (const std::int64_t chunk : {32, 16})
            for (const std::int64_t threads : {128, 64}) {
                config.set("chunk", chunk).set("threads", threads);
                if (!rejects(target, problem.traits, config).empty()) continue;
                return config.set(
                    "segments",
                    pieces_to_fill(problem, Layout(problem.traits, config).value_tiles, 160, chunk, 32));
            }
        return config;
    }

    Program generate(const Target& target, const Values& traits, const Values& config) const override {
        const Layout layout(traits, config);
        const auto body = [&](const char* file, std::int64_t floats,
                              std::vector<EmitRequest::Constant> offsets) {
            offsets.insert(offsets.begin(), {constant("padded_head_dim", layout.padded_head_dim),
                                             constant("head_pitch", layout.head_pitch),
                                             constant("value_pitch", layout.value_pitch),
                                             constant("value_tiles", layout.value_tiles)});
            layout.extras.describe(offsets, 4 * floats); // behind the tiles
            return PieceBody{file, config["threads"], layout.value_tiles, 4 * floats + layout.extras.bytes,
                             std::move(offsets)};
        };
        PieceBodies bodies(traits);
        bodies.states =
            body("linear_attention/states_simt.cuh", layout.states,
                 {constant("key_offset", layout.states_key), constant("value_offset", layout.states_value)});
        bodies.scan = cuda_scan(traits);
        bodies.forward =
            body("linear_attention/forward_simt.cuh", layout.forward,
                 {constant("query_offset", layout.query), constant("key_offset", layout.key),
                  constant("value_offset", layout.value), constant("scores_offset", layout.scores)});
        return compose({&linear_attention_family(), target, traits, this, config, {}, {}, 0, 0, {}}, bodies);
    }
};

} // namespace

const Algorithm& linear_attention_simt() {
    static const Simt algorithm;
    return algorithm;
}

} // namespace chela
