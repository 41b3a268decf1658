#pragma once
// What a Session may be told. The environment is read in one place, Options::from_env().

#include "runtime/tool_search.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace chela {

struct Options {
    /// Folder of both caches: compiled binaries under binaries/, tuned records in tuning.sqlite.
    std::filesystem::path cache_folder; ///< empty: no cache on disk
    /// "cpu", "cuda", "cuda:1", "emulator:sm_90a"; empty: the first CUDA device, else the CPU (said once).
    std::string target;
    ToolSearch tools; ///< where NVRTC and the disassembler are looked for
    /// False: get() throws UserError instead of compiling what neither cache holds.
    bool may_compile = true;
    /// The program `chela`, to run candidates of tune() in a process that may die. Empty: in this process.
    std::filesystem::path worker_program;
    /// Of the emulator: seed of the order in which asynchronous work lands, and whether races are looked for.
    std::uint64_t emulator_seed = 0;
    bool emulator_check_race = false;

    /// CHELA_CACHE (default: XDG_CACHE_HOME/chela or ~/.cache/chela), CHELA_TARGET, CHELA_NVRTC,
    /// CHELA_DISASSEMBLER, CUDA_HOME or CUDA_PATH, PATH, HOME, VIRTUAL_ENV, CHELA_WORKER,
    /// CHELA_EMULATOR_SEED.
    static Options from_env();
};

} // namespace chela
