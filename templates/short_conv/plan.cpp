#include "templates/short_conv/plan.hpp"

#include "templates/embedded_files.hpp"

namespace chela {

Count conv_tiles(const Values& traits, std::int64_t tokens, std::int64_t channels) {
    Count count{1, {{"length", tokens}, {"channels", channels}}};
    if (!traits["packed"]) count.terms.push_back({"batch", 1});
    return count;
}

Program conv_program(const Target& target, const Values& traits, const Algorithm& algorithm,
                     const Values& config, ConvBody body, const AdaptRequest& adapt) {
    Program program;
    const auto add = [&](const ConvBody& launch) {
        EmitRequest request{&short_conv_family(),
                            target,
                            traits,
                            &algorithm,
                            config,
                            launch.file,
                            launch.function,
                            static_cast<int>(launch.threads),
                            0,
                            launch.constants};
        if (adapt) adapt(request);
        program.kernels.push_back({launch.function,
                                   emit(embedded_files(), request),
                                   {launch.grid, request.block, launch.shared_bytes, 1}});
    };
    body.constants.push_back(conv_constant("history", conv_history(traits["width"], traits["causal"] != 0)));
    add(body);
    if (conv_state(traits) != ConvState::carried) return program;
    // Its own launch, so that sequences without tokens have a block too, and after the other, so that both
    // states may be the same memory.
    constexpr std::int64_t channels = 128;
    const bool cpu = target.backend == Backend::cpu;
    add({.file = cpu ? "short_conv/final_state.cpu.h" : "short_conv/final_state.cuh",
         .function = "short_conv_final_state",
         .grid = {1, {{"channels", channels}, {"batch", 1}}},
         .threads = cpu ? 1 : channels,
         .constants = {conv_constant("state_channels", channels)}});
    return program;
}

} // namespace chela
