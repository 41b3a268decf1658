#include "templates/long_conv/fft_plan.hpp"

#include "templates/embedded_files.hpp"

#include <algorithm>
#include <bit>

namespace chela {

int exponent_of(std::int64_t power) { return std::countr_zero(static_cast<std::uint64_t>(power)); }

std::int64_t twiddle_entries(std::int64_t transform, std::int64_t points, int above, int below) {
    const int bits = exponent_of(transform), point_bits = exponent_of(points);
    const std::int64_t threads = transform / points;
    if (threads == 0) return 0;
    std::int64_t entries = above > 0 ? 0 : threads << below; // of the ending
    // From the last pass to the first, which has the levels left over.
    for (int last = 0, levels_left = bits; levels_left > 0; last += point_bits, levels_left -= point_bits) {
        const bool is_first = levels_left <= point_bits;
        const int levels = is_first ? levels_left : point_bits, low = is_first ? bits - point_bits : last;
        if (!is_first || above > 0) entries += levels * (threads >> low << above);
        if (last > 0 || below > 0) entries += std::int64_t{levels} << (low + below);
    }
    return entries;
}

std::int64_t transform_registers(std::int64_t points) { return 2 * points + (points > 16 ? 48 : 32); }

void set_prepared(Program& program, const Values& traits, std::int64_t spectrum_bytes,
                  std::int64_t common_bytes) {
    // As many bytes for any kernel_length, which is named because the taps of another one lie elsewhere.
    program.prepared_bytes = {spectrum_bytes, {{"channels", 1}, {"kernel_length", 1 << 22}}};
    program.prepared_bytes.plus = {{common_bytes, {}}};
    program.prepared_from = {"kernel"};
    if (traits["bidirectional"] != 0) program.prepared_from.emplace_back("kernel_backward");
    if (traits["skip"] != 0) program.prepared_from.emplace_back("skip");
}

namespace {

constexpr std::int64_t square_side = 64, turning_threads = 256;
/// Tokens before a square that may be in its shared memory: inputs may be made of as many of x.
constexpr std::int64_t most_before = 32;

} // namespace

std::vector<EmitRequest::Constant> row_constants(const Values& traits, std::int64_t copies,
                                                 std::int64_t most_elements) {
    const LongConvPacket packet(traits, {1, square_side, square_side});
    const bool last = conv_layout(traits) == ConvLayout::channels_last;
    const std::int64_t of_turned = 16 / size_of(static_cast<DType>(traits["dtype"]));
    std::vector<EmitRequest::Constant> constants = {
        long_conv_constant("packet", last ? packet.elements : std::min(most_elements, packet.elements)),
        {"bool", "aligned", packet.aligned ? "true" : "false"},
        long_conv_constant("row_packet", std::min(most_elements, last ? of_turned : packet.elements)),
        {"bool", "rows_aligned", last || packet.aligned ? "true" : "false"}};
    if (last) {
        constants.push_back(long_conv_constant("turned_copies", copies));
        constants.push_back(long_conv_constant("turning_threads", turning_threads));
    }
    return constants;
}

Program transform_program(const Target& target, const Values& traits, const Algorithm& algorithm,
                          const Values& config, TransformPlan plan, const AdaptRequest& adapt) {
    constexpr std::int64_t copies = 2; // turned y does not replace x, which the next block of outputs reads
    EmitRequest request{&long_conv_family(),
                        target,
                        traits,
                        &algorithm,
                        config,
                        plan.prepare_body,
                        "long_conv_prepare",
                        static_cast<int>(plan.prepare_threads),
                        1, // it runs once: all the registers it wants
                        std::move(plan.constants)};
    for (auto& constant : row_constants(traits, copies, plan.most_elements))
        request.derived.push_back(std::move(constant));
    request.prepared = true;
    Program program;
    Count blocks{1, {{"channels", plan.block_channels}}};
    program.kernels.push_back({request.function,
                               emit_long_conv(request, adapt),
                               {blocks, request.block, plan.prepare_shared_bytes, 1},
                               true});
    request.body = plan.forward_body;
    request.block = static_cast<int>(plan.forward_threads);
    request.blocks_per_sm = static_cast<int>(config["blocks_per_sm"]);
    request.function = "long_conv_forward";
    blocks.terms.push_back({"batch", config["batches"]});
    blocks.terms.push_back({"length", plan.transform});
    program.kernels.push_back({request.function,
                               emit_long_conv(request, adapt),
                               {blocks, request.block, plan.forward_shared_bytes, 1}});
    turn_rows(program, request, copies, adapt);
    return program;
}

void turn_rows(Program& program, EmitRequest request, std::int64_t copies, const AdaptRequest& adapt) {
    if (conv_layout(request.traits) != ConvLayout::channels_last) return;
    const std::int64_t size = size_of(static_cast<DType>(request.traits["dtype"]));
    request.block = turning_threads;
    request.blocks_per_sm = 0;
    const Count squares{1, {{"batch", 1}, {"length", square_side}, {"channels", square_side}}};
    const auto kernel = [&](const char* file, const char* function) {
        request.body = file;
        request.function = function;
        return Kernel{request.function,
                      emit_long_conv(request, adapt),
                      {squares, request.block, square_side * ((most_before + square_side) * size + 4), 1}};
    };
    const auto first = std::find_if(program.kernels.begin(), program.kernels.end(),
                                    [](const Kernel& one) { return !one.prepares; });
    program.kernels.insert(first, kernel("long_conv/turn_inputs.cuh", "long_conv_turn_inputs"));
    program.kernels.push_back(kernel("long_conv/turn_outputs.cuh", "long_conv_turn_outputs"));
    program.workspace_bytes.plus.push_back(
        {copies * 8 * size, {{"batch", 1}, {"channels", 1}, {"length", 8}}});
}

} // namespace chela
