#pragma once
// NVIDIA's run-time compiler, opened with dlopen. It needs neither a GPU nor a driver nor CUDA headers.

#include "codegen/target.hpp"
#include "runtime/device.hpp"
#include "runtime/dynamic_library.hpp"
#include "runtime/tool_search.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chela {

class Nvrtc {
  public:
    enum class Emit { cubin, ptx };

    /// Throws DeviceError where there is no NVRTC, with where it was looked for and how to get it.
    explicit Nvrtc(const ToolSearch& search = {});
    ~Nvrtc();
    Nvrtc(const Nvrtc&) = delete;
    Nvrtc& operator=(const Nvrtc&) = delete;

    const std::string& path() const { return library_.path(); }
    /// "NVRTC 13.0".
    std::string version() const;
    /// Compute capabilities, ascending: 75, 80, 86, …
    const std::vector<int>& supported_architectures() const { return architectures_; }
    bool supports(const Target&) const;

    /// Compiles one self-contained translation unit for the CUDA architecture of `target` (that of an
    /// emulated one too). `name` stands in messages where no #line says otherwise. The binary has no key yet;
    /// its log has ptxas's report of registers and spills (cubin only). With `line_info` the machine code
    /// carries line numbers. Thread-safe. Throws CompileError; UserError where this NVRTC does not know the
    /// architecture.
    Binary compile(const std::string& source, const std::string& name, const Target& target,
                   Emit emit = Emit::cubin, bool line_info = false) const;

    /// The options that compile() gives to NVRTC: with version() they are what a key must hold beside the
    /// source.
    static std::vector<std::string> options(const Target& target, Emit emit = Emit::cubin,
                                            bool line_info = false);

  private:
    struct Functions;
    void check(int status, const char* doing) const;
    DynamicLibrary library_, builtins_;
    std::unique_ptr<Functions> functions_;
    std::vector<int> architectures_;
};

} // namespace chela
