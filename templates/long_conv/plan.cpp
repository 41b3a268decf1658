#include "templates/long_conv/plan.hpp"

#include "templates/embedded_files.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela {

namespace {

std::int64_t elements_aligned(const Values& traits) {
    return traits["alignment"] / size_of(static_cast<DType>(traits["dtype"]));
}

std::int64_t registers_of_thread(const Target& target, std::int64_t threads_per_sm) {
    return std::min<std::int64_t>(255, block_limits(target).registers_per_sm / threads_per_sm / 8 * 8);
}

} // namespace

LongConvPacket::LongConvPacket(const Values& traits, const LongConvTile& tile) {
    const std::int64_t together = elements_aligned(traits);
    // Along the tokens, two at least: rows of shared memory are read and written in pairs.
    elements = conv_layout(traits) == ConvLayout::channels_last ? std::min(together, tile.channels)
                                                                : std::max<std::int64_t>(together, 2);
    aligned = elements <= together;
}

bool another_block_is_free(const LongConvAlgorithm& algorithm, const Target& target, const Values& traits,
                           Values config, std::int64_t threads) {
    const std::int64_t blocks = config["blocks_per_sm"];
    return registers_of_thread(target, (blocks + 1) * threads) ==
               registers_of_thread(target, blocks * threads) &&
           algorithm.rejects(target, traits, config.set("blocks_per_sm", blocks + 1)).empty();
}

bool fits(const Target& target, std::int64_t blocks, std::int64_t shared_bytes) {
    constexpr std::int64_t reserved = 1024; // of each block
    const BlockLimits limits = block_limits(target);
    return shared_bytes <= limits.shared_bytes &&
           (blocks == 1 || blocks * (shared_bytes + reserved) <= limits.shared_bytes_per_sm);
}

std::string rejects_resources(const Target& target, const Values& config, std::int64_t threads,
                              std::int64_t shared_bytes, std::int64_t registers) {
    const BlockLimits limits = block_limits(target);
    const std::int64_t blocks = config["blocks_per_sm"];
    if (shared_bytes > limits.shared_bytes)
        return fmt::format("{} bytes of shared memory; {} has {}", shared_bytes, target.arch(),
                           limits.shared_bytes);
    if (!fits(target, blocks, shared_bytes))
        return fmt::format("{} blocks of {} bytes do not fit a multiprocessor of {}", blocks, shared_bytes,
                           target.arch());
    const std::int64_t there_are = registers_of_thread(target, blocks * threads);
    if (registers > there_are)
        return fmt::format("about {} registers per thread; there are {}", registers, there_are);
    return {};
}

Program long_conv_program(const Target& target, const Values& traits, const Algorithm& algorithm,
                          const Values& config, const char* file, const LongConvTile& tile,
                          std::int64_t threads, std::int64_t shared_bytes,
                          std::vector<EmitRequest::Constant> constants, const AdaptRequest& adapt) {
    constants.push_back(long_conv_constant("tile_channels", tile.channels));
    constants.push_back(long_conv_constant("tile_tokens", tile.tokens));
    if (target.backend != Backend::cpu) {
        const LongConvPacket packet(traits, tile);
        const bool pairs = conv_layout(traits) == ConvLayout::channels_last; // packets of two tokens each
        if (!config.has("tile_batches"))
            constants.push_back(long_conv_constant("tile_batches", tile.batches));
        if (!config.has("threads")) constants.push_back(long_conv_constant("threads", threads));
        constants.push_back(long_conv_constant("packet", packet.elements));
        constants.push_back({"bool", "aligned", packet.aligned ? "true" : "false"});
        constants.push_back(
            long_conv_constant("unit_elements", pairs ? 2 * packet.elements : packet.elements));
    }
    EmitRequest request{&long_conv_family(),
                        target,
                        traits,
                        &algorithm,
                        config,
                        file,
                        "long_conv_forward",
                        static_cast<int>(threads),
                        target.backend == Backend::cpu ? 0 : static_cast<int>(config["blocks_per_sm"]),
                        std::move(constants)};
    Program program;
    program.kernels.push_back(
        {request.function, emit_long_conv(request, adapt), {tile.blocks(), request.block, shared_bytes, 1}});
    add_final_state(program, target, traits, algorithm, config);
    return program;
}

std::string emit_long_conv(EmitRequest request, const AdaptRequest& adapt) {
    if (adapt) adapt(request);
    return emit(embedded_files(), request);
}

void add_final_state(Program& program, const Target& target, const Values& traits, const Algorithm& algorithm,
                     const Values& config) {
    if (!carries(traits)) return;
    const bool cpu = target.backend == Backend::cpu, last = conv_layout(traits) == ConvLayout::channels_last;
    const std::int64_t threads = cpu ? 1 : 256, channels = last ? 32 : 1;
    std::vector<EmitRequest::Constant> constants = {long_conv_constant("state_channels", channels),
                                                    long_conv_constant("state_threads", threads)};
    const EmitRequest request{.family = &long_conv_family(),
                              .target = target,
                              .traits = traits,
                              .algorithm = &algorithm,
                              .config = config,
                              .body = cpu ? "long_conv/final_state.cpu.h" : "long_conv/final_state.cuh",
                              .function = "long_conv_final_state",
                              .block = static_cast<int>(threads),
                              .derived = std::move(constants)};
    program.kernels.push_back({request.function,
                               emit(embedded_files(), request),
                               {{1, {{"channels", channels}, {"batch", 1}}}, request.block}});
}

} // namespace chela
