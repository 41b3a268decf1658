#pragma once
// How the work is cut, common to all algorithms of linear attention: one pass per head, or the sequence in
// pieces (states of the pieces, their scan, outputs), which is three launches and a workspace.

#include "codegen/emit.hpp"

#include <optional>

namespace chela {

/// One kernel body with what it needs at launch.
struct PieceBody {
    std::string file; ///< template path
    std::int64_t threads = 1;
    std::int64_t blocks_per_head = 1;
    std::int64_t shared_bytes = 0;
    std::vector<EmitRequest::Constant> derived;
    int resident = 0; ///< persistent blocks of a multiprocessor (see LaunchPlan)
    int cluster = 1;  ///< blocks of a cluster
    std::vector<TensorBox> boxes{};
};

/// What the workspace holds of each piece, in floats from the start of its record: the state [D, E], the
/// normaliser [D] where there is one, and, where the state decays, the sum of the logarithms of a over the
/// piece. The bodies see them as Config::record_elements, record_normalizer and record_decay.
struct PieceRecord {
    explicit PieceRecord(const Values& traits);
    std::int64_t normalizer, decay; ///< where they begin
    std::int64_t elements;          ///< from a record to the next; a multiple of 4 where more than the state
};

/// The launches of one algorithm. Without a scan, the forward body itself sums up what comes before a piece,
/// and a causal sequence needs the states of all pieces but the last; without states it does all of it, the
/// pieces of a head being a cluster.
struct PieceBodies {
    explicit PieceBodies(const Values& traits) : record(traits) {}
    PieceBody forward;
    std::optional<PieceBody> states, scan;
    PieceRecord record;
};

/// True where there is neither decay nor feature map, normaliser or packed sequences.
bool plain(const Values& traits);

/// True where one launch does it: causal and a single segment.
bool one_pass(const Values& traits, const Values& config);

/// The launches of `bodies` for the configuration's `segments`: the forward body alone, or where the work is
/// split all there are; states and forward run once per segment.
Program compose(EmitRequest request, const PieceBodies& bodies, bool split);
/// Split unless one pass does it.
inline Program compose(EmitRequest request, const PieceBodies& bodies) {
    const bool split = !one_pass(request.traits, request.config);
    return compose(std::move(request), bodies, split);
}

/// The scan on CUDA, the same for every algorithm there.
PieceBody cuda_scan(const Values& traits);

/// Shared memory of a CUDA block beside its tiles, for decay.cuh and normalizer.cuh: offsets in bytes from
/// where it begins.
struct ChunkExtras {
    ChunkExtras(const Values& traits, std::int64_t chunk, std::int64_t stages, std::int64_t padded_head_dim);
    /// The constants that the bodies find it by, where it begins `begin` bytes into shared memory.
    void describe(std::vector<EmitRequest::Constant>&, std::int64_t begin) const;
    bool decays, gated, normalizes;
    std::int64_t decay, normalizer; ///< the gates begin it
    std::int64_t bytes;
};

/// Tokens of one sequence, the average where they are packed.
std::int64_t length_of_sequence(const Problem&);

/// Pieces that occupy `blocks_wanted` blocks when each head brings `blocks_per_head`, none shorter than 4
/// chunks.
std::int64_t pieces_to_fill(const Problem&, std::int64_t blocks_per_head, std::int64_t blocks_wanted,
                            std::int64_t chunk, std::int64_t most);

inline std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

inline EmitRequest::Constant constant(const char* name, std::int64_t value) {
    return {"int", name, std::to_string(value)};
}
inline EmitRequest::Constant flag(const char* name, bool value) {
    return {"bool", name, value ? "true" : "false"};
}

} // namespace chela
