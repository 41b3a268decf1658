#pragma once
// The blocks of linear attention on wgmma: warpgroups, what lies where in shared memory, and how registers
// are shared out.

#include "templates/linear_attention/pieces.hpp"

namespace chela {

/// What the tensor memory accelerator copies: nothing, q, k and v, or the outputs too.
enum class Tma { none, loads, both };

inline Tma tma_of(const Values& config) { return static_cast<Tma>(config["tma"]); }
/// It copies rows aligned to 16 bytes, and cannot stop where a packed sequence ends.
inline bool admits_tma(const Values& traits) { return traits["alignment"] == 16 && traits["packed"] == 0; }

/// Sizes that follow from traits and tunables.
struct WgmmaLayout {
    /// Value columns of a warpgroup that computes outputs.
    static constexpr std::int64_t group_values = 64;
    /// The two bodies: scores and outputs chunk by chunk, or passes over whole pieces.
    enum class Body { chunks, passes };

    std::int64_t head_columns, value_tiles, output_groups, groups, threads;
    std::int64_t key_offset, stage_bytes, value_offset, scores_bytes, scores_offset, outputs_offset;
    std::int64_t copying_threads;
    std::int64_t gates_offset, normalizer_offset, factors_offset, barriers_offset, shared_bytes;
    std::int64_t copy_registers = 40, scores_registers = 0, output_registers, launch_registers;

    WgmmaLayout(Body, const Values& traits, const Values& config);

    /// Of all warpgroups, one thread each.
    std::int64_t registers() const {
        return copy_registers + scores_registers + output_groups * output_registers;
    }

    /// Why a multiprocessor does not hold the blocks; empty where it does.
    std::string rejects(const Target&, const Values& config) const;

    /// `tensors`: those whose chunks the body reads or writes.
    PieceBody body(const char* file, const Values& config, std::vector<std::string> tensors,
                   std::vector<EmitRequest::Constant> parts = {}) const;
};

} // namespace chela
