#pragma once
// Clang inside this process: C++ source in, machine code for this very processor out. No file is read or
// written, no compiler needs to be installed. This header includes nothing of LLVM.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chela {

struct ModuleTransform; // runtime/module_transform.hpp, for the files that use LLVM

struct HostCompileOptions {
    int optimization = 3; ///< 0 to 3
    /// Sums may be reordered and products fused with additions. False keeps every operation as it is written.
    bool relaxed_floating_point = true;
    bool debug_lines = false; ///< line tables, for debuggers, profilers and reports that name a source line
    /// Files that the source may include, by the name it includes them with.
    std::vector<std::pair<std::string, std::string>> files;
    std::vector<std::string> definitions;             ///< macros: "NAME" or "NAME=VALUE"
    std::vector<std::string> arguments;               ///< further arguments of `clang -cc1`, after ours
    std::shared_ptr<const ModuleTransform> transform; ///< changes the LLVM IR before code is generated
};

struct HostObject {
    std::vector<std::byte> bytes; ///< relocatable ELF object
    std::string log;              ///< warnings
    double compile_ms = 0;
};

/// Compiles one self-contained, freestanding C++20 translation unit. `name` stands in messages where no #line
/// says otherwise. Thread-safe; runs on a thread of its own with the stack that Clang needs. Throws
/// CompileError, also where the compiler itself crashes.
HostObject compile_host_object(std::string_view source, const std::string& name,
                               const HostCompileOptions& options = {});

/// The optimised LLVM IR, and the assembly (AT&T syntax), that compile_host_object generates code from.
std::string host_llvm_ir(std::string_view source, const std::string& name,
                         const HostCompileOptions& options = {});
std::string host_assembly(std::string_view source, const std::string& name,
                          const HostCompileOptions& options = {});

/// "Clang 19.1.7".
std::string clang_version();
/// LLVM's name of this processor: "znver4".
std::string host_cpu();
/// Every feature that LLVM knows of, with whether this processor has it, in the order of their names. The
/// processor's name alone is not enough: a hypervisor can hide what the name promises.
std::vector<std::pair<std::string, bool>> host_features();
bool host_has(std::string_view feature);

} // namespace chela
