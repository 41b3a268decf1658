#include "runtime/nvrtc.hpp"

#include "codegen/error.hpp"
#include "runtime/compiler_log.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace chela {

// As nvrtc.h declares them; the header itself is not needed to build chela.
struct NvrtcProgramObject;
using NvrtcProgram = NvrtcProgramObject*;
constexpr int nvrtc_success = 0;
constexpr int nvrtc_error_compilation = 6;

struct Nvrtc::Functions {
    int (*version)(int* major, int* minor);
    int (*architecture_count)(int*);
    int (*architectures)(int*);
    const char* (*error_string)(int);
    int (*create)(NvrtcProgram*, const char* source, const char* name, int headers, const char* const* texts,
                  const char* const* names);
    int (*compile)(NvrtcProgram, int options, const char* const*);
    int (*destroy)(NvrtcProgram*);
    int (*cubin_size)(NvrtcProgram, std::size_t*);
    int (*cubin)(NvrtcProgram, char*);
    int (*ptx_size)(NvrtcProgram, std::size_t*);
    int (*ptx)(NvrtcProgram, char*);
    int (*log_size)(NvrtcProgram, std::size_t*);
    int (*log)(NvrtcProgram, char*);

    bool bind(const DynamicLibrary& library) {
        return library.bind(version, "nvrtcVersion") &&
               library.bind(architecture_count, "nvrtcGetNumSupportedArchs") &&
               library.bind(architectures, "nvrtcGetSupportedArchs") &&
               library.bind(error_string, "nvrtcGetErrorString") &&
               library.bind(create, "nvrtcCreateProgram") && library.bind(compile, "nvrtcCompileProgram") &&
               library.bind(destroy, "nvrtcDestroyProgram") &&
               library.bind(cubin_size, "nvrtcGetCUBINSize") && library.bind(cubin, "nvrtcGetCUBIN") &&
               library.bind(ptx_size, "nvrtcGetPTXSize") && library.bind(ptx, "nvrtcGetPTX") &&
               library.bind(log_size, "nvrtcGetProgramLogSize") && library.bind(log, "nvrtcGetProgramLog");
    }
};

Nvrtc::Nvrtc(const ToolSearch& search) : functions_(std::make_unique<Functions>()) {
    const std::vector<std::string> candidates =
        search.nvrtc.empty() ? library_candidates(search, {"libnvrtc.so.13", "libnvrtc.so.12"})
                             : std::vector<std::string>{search.nvrtc};
    std::string reasons;
    for (const std::string& candidate : candidates) {
        std::string error;
        library_ = DynamicLibrary::open(candidate, &error);
        if (library_ && functions_->bind(library_)) break;
        if (library_) error = candidate + ": it is not NVRTC 11.8 or newer";
        library_ = {};
        reasons += "\n  " + error;
    }
    if (!library_) {
        throw DeviceError(fmt::format(
            "NVRTC, NVIDIA's run-time compiler, was not found. Install the CUDA toolkit, or `pip install "
            "nvidia-cuda-nvrtc` (it needs no GPU), or name the library libnvrtc.so.13. Tried:{}",
            reasons));
    }
    // NVRTC opens it by its bare name, which finds it in the loader's folders, or where it is open already.
    int major = 0, minor = 0;
    check(functions_->version(&major, &minor), "tell its version");
    const auto folder = std::filesystem::path(library_.path()).parent_path();
    builtins_ = DynamicLibrary::open(folder / fmt::format("libnvrtc-builtins.so.{}.{}", major, minor));

    int count = 0;
    check(functions_->architecture_count(&count), "list architectures");
    architectures_.resize(static_cast<std::size_t>(count));
    check(functions_->architectures(architectures_.data()), "list architectures");
    std::sort(architectures_.begin(), architectures_.end());
}

Nvrtc::~Nvrtc() = default;

void Nvrtc::check(int status, const char* doing) const {
    if (status == nvrtc_success) return;
    throw DeviceError(
        fmt::format("NVRTC ({}) could not {}: {}", path(), doing, functions_->error_string(status)));
}

std::string Nvrtc::version() const {
    int major = 0, minor = 0;
    check(functions_->version(&major, &minor), "tell its version");
    return fmt::format("NVRTC {}.{}", major, minor);
}

bool Nvrtc::supports(const Target& target) const {
    return std::binary_search(architectures_.begin(), architectures_.end(), target.compute_capability);
}

std::vector<std::string> Nvrtc::options(const Target& target, Emit emit, bool line_info) {
    std::string architecture = target.arch();
    // PTX needs no ptxas, and NVRTC runs it only for a real architecture.
    if (emit == Emit::ptx) architecture.replace(0, 2, "compute");
    std::vector<std::string> options{"--gpu-architecture=" + architecture, "--std=c++17",
                                     "--diag-suppress=177", "-default-device"};
    if (emit == Emit::cubin) options.emplace_back("--ptxas-options=-v");
    if (line_info) options.emplace_back("-lineinfo");
    return options;
}

Binary Nvrtc::compile(const std::string& source, const std::string& name, const Target& target, Emit emit,
                      bool line_info) const {
    if (!supports(target)) {
        throw UserError(fmt::format("target {}: {} ({}) compiles for compute capability {}",
                                    target.to_string(), version(), path(), fmt::join(architectures_, ", ")));
    }
    const auto start = std::chrono::steady_clock::now();
    NvrtcProgram program = nullptr;
    check(functions_->create(&program, source.c_str(), name.c_str(), 0, nullptr, nullptr),
          "create a program");
    const auto destroy = [this](NvrtcProgramObject* object) { functions_->destroy(&object); };
    const std::unique_ptr<NvrtcProgramObject, decltype(destroy)> owner(program, destroy);

    const std::vector<std::string> texts = options(target, emit, line_info);
    std::vector<const char*> pointers;
    pointers.reserve(texts.size());
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    const int status = functions_->compile(program, static_cast<int>(pointers.size()), pointers.data());

    Binary binary;
    std::size_t size = 0;
    check(functions_->log_size(program, &size), "return its log");
    binary.log.resize(size);
    check(functions_->log(program, binary.log.data()), "return its log");
    binary.log.resize(binary.log.find_last_not_of('\0') + 1);
    if (status == nvrtc_error_compilation) {
        throw CompileError(
            fmt::format("NVRTC refuses {} for {}: {}", name, target.arch(), first_error(binary.log)),
            binary.log);
    }
    check(status, "compile");

    const bool cubin = emit == Emit::cubin;
    check((cubin ? functions_->cubin_size : functions_->ptx_size)(program, &size), "return machine code");
    binary.bytes.resize(size);
    auto* bytes = reinterpret_cast<char*>(binary.bytes.data());
    check((cubin ? functions_->cubin : functions_->ptx)(program, bytes), "return machine code");
    if (!cubin && !binary.bytes.empty()) binary.bytes.pop_back(); // the text's final zero
    binary.compile_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return binary;
}

} // namespace chela
