#include "runtime/compiler_guard.hpp"

#include <cstdlib>
#include <llvm/Support/CrashRecoveryContext.h>
#include <llvm/Support/ErrorHandling.h>
#include <memory>
#include <mutex>

namespace chela {

namespace {

thread_local std::string* fatal_message = nullptr;

// LLVM would print the message and, for some errors, call exit: abort instead, which the guard survives.
void on_fatal_error(void*, const char* message, bool) {
    if (fatal_message) *fatal_message = message;
    std::abort();
}

// The handlers belong to the process, so they are counted.
class Handlers {
  public:
    Handlers() {
        const std::lock_guard lock(mutex);
        if (users++ > 0) return;
        llvm::CrashRecoveryContext::Enable();
        llvm::install_fatal_error_handler(on_fatal_error);
    }
    ~Handlers() {
        const std::lock_guard lock(mutex);
        if (--users > 0) return;
        llvm::remove_fatal_error_handler();
        llvm::CrashRecoveryContext::Disable();
    }
    Handlers(const Handlers&) = delete;
    Handlers& operator=(const Handlers&) = delete;

  private:
    static inline std::mutex mutex;
    static inline int users = 0;
};

} // namespace

bool run_guarded(const std::function<void()>& work, std::string& reason) {
    const Handlers handlers;
    auto context = std::make_unique<llvm::CrashRecoveryContext>();
    std::string message;
    const bool survived = context->RunSafelyOnThread(
        [&] {
            fatal_message = &message;
            work();
        },
        8u << 20);
    if (survived) return true;
    // Its destructor would take the compiler's objects apart, which refer to the stack that is gone.
    [[maybe_unused]] const auto* leaked = context.release();
    reason = message.empty() ? "it crashed" : message;
    return false;
}

} // namespace chela
