#include "templates/long_conv/plan.hpp"

#include "templates/embedded_files.hpp"

#include <algorithm>

namespace chela {

namespace {

std::int64_t elements_aligned(const Values& traits) {
    return traits["alignment"] / size_of(static_cast<DType>(traits["dtype"]));
}

} // namespace

LongConvPacket::LongConvPacket(const Values& traits, const LongConvTile& tile) {
    const std::int64_t together = elements_aligned(traits);
    // Along the tokens, two at least: rows of shared memory are read and written in pairs.
    elements = conv_layout(traits) == ConvLayout::channels_last ? std::min(together, tile.channels)
                                                                : std::max<std::int64_t>(together, 2);
    aligned = elements <= together;
}

Program long_conv_program(const Target& target, const Values& traits, const Algorithm& algorithm,
                          const Values& config, const char* file, const LongConvTile& tile,
                          std::int64_t threads, std::int64_t shared_bytes,
                          std::vector<EmitRequest::Constant> constants) {
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
                        0,
                        std::move(constants)};
    Program program;
    program.kernels.push_back(
        {request.function, emit(embedded_files(), request), {tile.blocks(), request.block, shared_bytes, 1}});
    return program;
}

} // namespace chela
