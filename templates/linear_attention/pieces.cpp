#include "templates/linear_attention/pieces.hpp"

#include "templates/embedded_files.hpp"
#include "templates/linear_attention/family.hpp"

#include <algorithm>

namespace chela {

PieceRecord::PieceRecord(const Values& traits) {
    normalizer = traits["head_dim"] * traits["value_dim"];
    decay = normalizer + (traits["normalize"] != 0 ? traits["head_dim"] : 0);
    const std::int64_t used = decay + (traits["decay"] != static_cast<int>(Decay::none) ? 1 : 0);
    elements = used == normalizer ? used : (used + 3) / 4 * 4;
}

bool plain(const Values& traits) {
    return traits["decay"] == static_cast<int>(Decay::none) &&
           traits["feature_map"] == static_cast<int>(FeatureMap::identity) && traits["normalize"] == 0 &&
           traits["packed"] == 0;
}

bool one_pass(const Values& traits, const Values& config) {
    return traits["causal"] != 0 && config["segments"] == 1;
}

Program compose(EmitRequest request, const PieceBodies& bodies, bool split) {
    const std::int64_t segments = request.config["segments"];
    const int blocks_per_sm = request.blocks_per_sm;
    const Count heads{1, {{"batch", 1}, {"heads", 1}}};
    const bool later_pieces_wait = split && bodies.states && !bodies.scan && request.traits["causal"] != 0;
    Program program;
    const auto add = [&](const PieceBody& body, const char* function, std::int64_t pieces,
                         bool overlaps = false) {
        request.body = body.file;
        request.function = function;
        request.block = static_cast<int>(body.threads);
        request.blocks_per_sm = pieces ? blocks_per_sm : 0;
        request.derived = body.derived;
        request.boxes = body.boxes;
        request.derived.insert(request.derived.begin(), {flag("later_pieces_wait", later_pieces_wait),
                                                         flag("reads_workspace", split)});
        if (pieces) request.derived.push_back(constant("pieces", pieces));
        if (split)
            request.derived.insert(request.derived.end(),
                                   {constant("record_elements", bodies.record.elements),
                                    constant("record_normalizer", bodies.record.normalizer),
                                    constant("record_decay", bodies.record.decay)});
        Count grid = heads;
        grid.factor = body.blocks_per_head * std::max<std::int64_t>(1, pieces);
        program.kernels.push_back(
            {function,
             emit(embedded_files(), request),
             {grid, request.block, body.shared_bytes, body.cluster, body.resident, overlaps},
             false,
             body.boxes});
    };
    if (split) {
        program.workspace_bytes = heads;
        program.workspace_bytes.factor = segments * bodies.record.elements * 4;
        const bool last_is_needed = bodies.scan || !request.traits["causal"];
        if (bodies.states) add(*bodies.states, "linear_attention_states", segments - !last_is_needed);
        if (bodies.scan) add(*bodies.scan, "linear_attention_scan", 0);
    }
    add(bodies.forward, "linear_attention_forward", segments, bodies.states && split && !bodies.scan);
    return program;
}

PieceBody cuda_scan(const Values& traits) {
    constexpr std::int64_t threads = 256;
    const std::int64_t elements = PieceRecord(traits).decay; // state and normaliser
    return {"linear_attention/scan.cuh",
            threads,
            (elements + threads - 1) / threads,
            0,
            {constant("scan_threads", threads), constant("scan_elements", elements)}};
}

ChunkExtras::ChunkExtras(const Values& traits, std::int64_t chunk, std::int64_t stages,
                         std::int64_t padded_head_dim)
    : decays(traits["decay"] != static_cast<int>(Decay::none)),
      gated(traits["decay"] == static_cast<int>(Decay::scalar)), normalizes(traits["normalize"] != 0) {
    decay = gated ? 4 * stages * chunk : 0;
    normalizer = decay + (decays ? 12 * chunk : 0);
    bytes = normalizer + (normalizes ? 4 * (padded_head_dim + chunk + chunk / 16 * chunk) : 0);
}

void ChunkExtras::describe(std::vector<EmitRequest::Constant>& constants, std::int64_t begin) const {
    if (gated) constants.push_back(constant("gates_offset", begin));
    if (decays) constants.push_back(constant("decay_offset", begin + decay));
    if (normalizes) constants.push_back(constant("normalizer_offset", begin + normalizer));
}

std::int64_t length_of_sequence(const Problem& problem) {
    const std::int64_t length = problem.extents["length"];
    return problem.traits["packed"] != 0 ? length / std::max<std::int64_t>(1, problem.extents["batch"])
                                         : length;
}

std::int64_t pieces_to_fill(const Problem& problem, std::int64_t blocks_per_head, std::int64_t blocks_wanted,
                            std::int64_t chunk, std::int64_t most) {
    const std::int64_t blocks = heads_of(problem) * blocks_per_head;
    const std::int64_t length = length_of_sequence(problem);
    std::int64_t pieces = 1;
    while (pieces < most && blocks * pieces < blocks_wanted && length >= pieces * 2 * 4 * chunk) pieces *= 2;
    return pieces;
}

} // namespace chela
