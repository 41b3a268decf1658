#pragma once
// Keeps a crash inside LLVM from ending the process.

#include <functional>
#include <string>

namespace chela {

/// Runs `work`, which must not throw, on a thread with a stack of 8 MiB. Returns false, with the reason,
/// where it crashed; what it held is then leaked. Signal handlers and LLVM's fatal error handler are
/// installed only while some guarded work runs.
bool run_guarded(const std::function<void()>& work, std::string& reason);

} // namespace chela
