#include "templates/linear_attention/wgmma_layout.hpp"

#include "templates/linear_attention/family.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela {

namespace {

constexpr std::int64_t group_threads = 128;

} // namespace

WgmmaLayout::WgmmaLayout(Body body, const Values& traits, const Values& config) {
    const std::int64_t chunk = config["chunk"], value_tile = config["value_tile"], stages = config["stages"],
                       head_dim = traits["head_dim"];
    const bool chunks = body == Body::chunks;
    head_columns = head_dim <= 16 ? 16 : round_up(head_dim, 32);
    value_tiles = (traits["value_dim"] + value_tile - 1) / value_tile;
    output_groups = value_tile / group_values;
    groups = output_groups + (chunks ? 2 : 1);
    threads = group_threads * groups;
    const std::int64_t panel = chunk * 128;                                   // 64 columns
    const std::int64_t query_bytes = round_up(head_columns, 64) / 64 * panel; // and of keys
    key_offset = chunks ? query_bytes : 0; // passes have one of them at a time
    value_offset = key_offset + query_bytes;
    stage_bytes = value_offset + output_groups * panel;
    scores_bytes = chunks ? chunk / 64 * panel : 0;
    scores_offset = stages * stage_bytes;
    outputs_offset = scores_offset + 2 * scores_bytes;
    normalizer_offset = outputs_offset + output_groups * panel;
    const bool normalize = chunks && traits["normalize"] != 0;
    factors_offset = normalizer_offset + (normalize ? round_up(head_columns, 64) / 64 * 1024 : 0);
    gates_offset = factors_offset + (normalize ? 2 * chunk * 4 : 0);
    const bool gates = traits["decay"] == static_cast<int>(Decay::scalar);
    barriers_offset = gates_offset + (gates ? stages * chunk * 4 : 0);
    shared_bytes = barriers_offset + 8 * (2 * stages + (chunks ? 5 : 0));
    copying_threads = tma_of(config) == Tma::none || gates ? group_threads : 1;
    // What a thread holds: accumulators, packed operands, and what the loops around them were seen to
    // need.
    const bool decay = traits["decay"] != static_cast<int>(Decay::none);
    const bool maps = traits["feature_map"] != static_cast<int>(FeatureMap::identity);
    if (chunks)
        scores_registers = chunk / 2 + 48 + (decay ? 16 : 0) + (normalize ? 8 : 0) +
                           (normalize && maps ? decay ? 16 : 8 : 0);
    output_registers = std::min<std::int64_t>(
        248, round_up(head_columns / 2 + chunk / 2 + std::min<std::int64_t>(head_columns, 128) / 4 +
                          chunk / 4 + 32 + (!normalize && (decay || config["segments"] > 1) ? 8 : 0),
                      8));
    launch_registers = std::min<std::int64_t>(248, 65536 / (threads * config["blocks_per_sm"]) / 8 * 8);
    // Fewer blocks leave some over.
    if (launch_registers * groups - registers() >= 16 + 24 + 16 * output_groups) {
        copy_registers += 16;
        if (chunks) scores_registers += 24;
        output_registers = std::min<std::int64_t>(248, output_registers + 16);
    }
}

std::string WgmmaLayout::rejects(const Target& target, const Values& config) const {
    const BlockLimits limits = block_limits(target);
    const std::int64_t blocks = config["blocks_per_sm"];
    if (shared_bytes > limits.shared_bytes)
        return fmt::format("{} bytes of shared memory; {} has {}", shared_bytes, target.arch(),
                           limits.shared_bytes);
    if (blocks * (shared_bytes + 1024) > limits.shared_bytes_per_sm)
        return fmt::format("{} blocks of {} bytes do not fit a multiprocessor of {}", blocks, shared_bytes,
                           target.arch());
    if (registers() > launch_registers * groups)
        return fmt::format("the warpgroups would take {} registers a thread, of {}", registers(),
                           launch_registers * groups);
    return {};
}

PieceBody WgmmaLayout::body(const char* file, const Values& config, std::vector<std::string> tensors,
                            std::vector<EmitRequest::Constant> parts) const {
    parts.insert(parts.begin(),
                 {constant("head_columns", head_columns), constant("value_tiles", value_tiles),
                  constant("output_groups", output_groups), constant("key_offset", key_offset),
                  constant("value_offset", value_offset), constant("stage_bytes", stage_bytes),
                  constant("scores_bytes", scores_bytes), constant("scores_offset", scores_offset),
                  constant("outputs_offset", outputs_offset), constant("barriers_offset", barriers_offset),
                  constant("gates_offset", gates_offset), constant("normalizer_offset", normalizer_offset),
                  constant("factors_offset", factors_offset), constant("launch_registers", launch_registers),
                  constant("copy_registers", copy_registers), constant("scores_registers", scores_registers),
                  constant("output_registers", output_registers),
                  constant("copying_threads", copying_threads)});
    std::vector<TensorBox> boxes;
    for (std::string& tensor : tensors)
        if (tma_of(config) == Tma::both || (tma_of(config) == Tma::loads && tensor != "o"))
            boxes.push_back({std::move(tensor), "length", static_cast<int>(config["chunk"]),
                             static_cast<int>(group_values)});
    return {file,
            threads,
            value_tiles,
            shared_bytes,
            std::move(parts),
            static_cast<int>(config["blocks_per_sm"]),
            1,
            std::move(boxes)};
}

} // namespace chela
