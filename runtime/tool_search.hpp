#pragma once
// Where NVIDIA's compilers and disassemblers may lie: CUDA toolkit, Python wheels, next to the program.

#include <string>
#include <string_view>
#include <vector>

namespace chela {

/// What the user and his environment say; filled once, by whoever reads the environment. Empty is unknown.
struct ToolSearch {
    std::string nvrtc;        ///< the NVRTC library to use, and no other
    std::string disassembler; ///< the nvdisasm or cuobjdump to use, and no other
    std::string cuda_home;    ///< $CUDA_HOME or $CUDA_PATH
    std::string path;         ///< $PATH
    std::string home;         ///< $HOME, for `pip install --user`
    std::string virtual_env;  ///< $VIRTUAL_ENV
};

/// Paths to hand to dlopen, best first: the CUDA folder of the build, CUDA_HOME, /usr/local/cuda, NVIDIA's
/// Python wheels, the folder of this program; then the plain names, for the loader's own search.
std::vector<std::string> library_candidates(const ToolSearch&, const std::vector<std::string>& names);

/// Absolute path of an executable: in PATH, CUDA_HOME, /usr/local/cuda or NVIDIA's Python wheels. Empty if
/// nowhere.
std::string find_program(const ToolSearch&, std::string_view name);

} // namespace chela
