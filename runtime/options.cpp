#include "runtime/options.hpp"

#include "codegen/error.hpp"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>

namespace chela {

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): read once, before threads
    return value ? value : "";
}

} // namespace

Options Options::from_env() {
    Options options;
    if (const auto cache = environment("CHELA_CACHE"); !cache.empty())
        options.cache_folder = cache;
    else if (const auto xdg = environment("XDG_CACHE_HOME"); !xdg.empty())
        options.cache_folder = std::filesystem::path(xdg) / "chela";
    else if (const auto home = environment("HOME"); !home.empty())
        options.cache_folder = std::filesystem::path(home) / ".cache" / "chela";
    options.target = environment("CHELA_TARGET");
    options.tools.nvrtc = environment("CHELA_NVRTC");
    options.tools.disassembler = environment("CHELA_DISASSEMBLER");
    options.tools.cuda_home = environment("CUDA_HOME");
    if (options.tools.cuda_home.empty()) options.tools.cuda_home = environment("CUDA_PATH");
    options.tools.path = environment("PATH");
    options.tools.home = environment("HOME");
    options.tools.virtual_env = environment("VIRTUAL_ENV");
    options.worker_program = environment("CHELA_WORKER");
    if (const auto seed = environment("CHELA_EMULATOR_SEED"); !seed.empty()) {
        const auto [end, error] =
            std::from_chars(seed.data(), seed.data() + seed.size(), options.emulator_seed);
        if (error != std::errc() || end != seed.data() + seed.size())
            throw UserError(fmt::format("CHELA_EMULATOR_SEED is '{}'; it must be a whole number", seed));
    }
    return options;
}

} // namespace chela
