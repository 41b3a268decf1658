#pragma once
// Errors are told apart by who must act. No exception crosses the C ABI.

#include <stdexcept>
#include <string>

namespace chela {

/// The caller passed something wrong: the message names the argument, its value and what would be right.
struct UserError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The compiler refused generated source: a defect of chela or of the compiler, never of the caller.
struct CompileError : std::runtime_error {
    CompileError(const std::string& message, std::string compiler_log, std::string kept_source_path = {})
        : std::runtime_error(message), log(std::move(compiler_log)),
          source_path(std::move(kept_source_path)) {}
    std::string log;         ///< what the compiler printed
    std::string source_path; ///< where the source was kept, empty if it was not
};

/// The device or its driver failed: out of memory, lost device, illegal access, missing library.
struct DeviceError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

} // namespace chela
