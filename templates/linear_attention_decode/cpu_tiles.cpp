#include "codegen/emit.hpp"
#include "templates/embedded_files.hpp"
#include "templates/linear_attention_decode/family.hpp"

#include <fmt/format.h>

namespace chela {

namespace {

/// Bytes of a scratch matrix (prelude/cpu/matrix.h).
std::int64_t matrix_bytes(std::int64_t rows, std::int64_t columns) {
    return 4 * rows * (((columns + 15) / 16) | 1) * 16;
}

class CpuTiles final : public Algorithm {
  public:
    std::string_view name() const override { return "cpu_tiles"; }

    const Schema& tunables() const override {
        static const Schema schema = {
            Field::integer("tile_rows", 1, 16, 4, "rows of a register tile of the state").over({2, 4, 8}),
            Field::integer("tile_vectors", 1, 8, 2, "vectors of a row of a register tile").over({1, 2, 4}),
        };
        return schema;
    }

    std::string rejects(const Target& target, const Values&) const override {
        return target.backend == Backend::cpu ? "" : "it is for the CPU";
    }

    std::string rejects(const Target&, const Values& traits, const Values& config) const override {
        // 32 vector registers at most: the tile, a row of values and of sums, a key and a query.
        const std::int64_t tile = config["tile_rows"] * config["tile_vectors"];
        if (tile + 2 * config["tile_vectors"] + 2 > 32)
            return fmt::format("a tile of {} x {} vectors leaves no registers for its operands",
                               config["tile_rows"], config["tile_vectors"]);
        if (config["tile_rows"] > traits["head_dim"]) return "tile_rows is larger than head_dim";
        return {};
    }

    Values default_config(const Target&, const Problem&) const override { return Values(tunables()); }

    Program generate(const Target& target, const Values& traits, const Values& config) const override {
        const std::int64_t d = traits["head_dim"], e = traits["value_dim"];
        const std::int64_t scratch = 2 * matrix_bytes(most_decode_tokens, d) +
                                     2 * matrix_bytes(most_decode_tokens, e) + matrix_bytes(1, d);
        const char* const function = "linear_attention_decode";
        const EmitRequest request{&linear_attention_decode_family(),
                                  target,
                                  traits,
                                  this,
                                  config,
                                  "linear_attention_decode/decode.cpu.h",
                                  function,
                                  1,
                                  0,
                                  {{"int", "most_tokens", std::to_string(most_decode_tokens)}}};
        Program program;
        program.kernels.push_back(
            {function, emit(embedded_files(), request), {{1, {{"batch", 1}, {"heads", 1}}}, 1, scratch, 1}});
        return program;
    }
};

} // namespace

const Algorithm& linear_attention_decode_cpu_tiles() {
    static const CpuTiles algorithm;
    return algorithm;
}

} // namespace chela
