#pragma once
// How the work is cut, common to all algorithms of linear attention: one pass per head, or the sequence in
// pieces (states of the pieces, their scan, outputs), which is three launches and a workspace.

#include "codegen/emit.hpp"

namespace chela {

/// One kernel body with what it needs at launch.
struct PieceBody {
    std::string file; ///< template path
    std::int64_t threads = 1;
    std::int64_t blocks_per_head = 1;
    std::int64_t shared_bytes = 0;
    std::vector<EmitRequest::Constant> derived;
};

struct PieceBodies {
    PieceBody states, scan, forward;
};

/// True where one launch does it: causal and a single segment.
bool one_pass(const Values& traits, const Values& config);

/// The launches of `bodies` for the configuration's `segments`; states and forward run once per segment.
Program compose(EmitRequest request, const PieceBodies& bodies);

/// The scan on CUDA, the same for every algorithm there.
PieceBody cuda_scan(const Values& traits);

/// Pieces that occupy `blocks_wanted` blocks when each head brings `blocks_per_head`, none shorter than 4
/// chunks.
std::int64_t pieces_to_fill(const Problem&, std::int64_t blocks_per_head, std::int64_t blocks_wanted,
                            std::int64_t chunk, std::int64_t most);

inline EmitRequest::Constant constant(const char* name, std::int64_t value) {
    return {"int", name, std::to_string(value)};
}

} // namespace chela
