#include "runtime/jit.hpp"

#include "codegen/error.hpp"

#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/ExecutorProcessControl.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/TaskDispatch.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <mutex>

namespace chela {

namespace {

using llvm::orc::ExecutorAddr;
using llvm::orc::ExecutorSymbolDef;

// A list, and not whatever the process exports: the same object then loads or fails in every host
// application.
std::map<std::string, void*> runtime_symbols() {
    using Unary = float (*)(float);
    using Binary = float (*)(float, float);
    using Unary64 = double (*)(double);
    using Binary64 = double (*)(double, double);
    const auto pointer = [](auto* function) { return reinterpret_cast<void*>(function); };
    std::map<std::string, void*> symbols{
        {"memcpy", pointer(&::memcpy)},
        {"memmove", pointer(&::memmove)},
        {"memset", pointer(&::memset)},
        {"memcmp", pointer(&::memcmp)},
        {"fmaf", pointer(static_cast<float (*)(float, float, float)>(&::fmaf))},
        {"fma", pointer(static_cast<double (*)(double, double, double)>(&::fma))},
    };
    const auto unary = [&](const char* name, Unary f, Unary64 d) {
        symbols[std::string(name) + "f"] = pointer(f);
        symbols[name] = pointer(d);
    };
    const auto binary = [&](const char* name, Binary f, Binary64 d) {
        symbols[std::string(name) + "f"] = pointer(f);
        symbols[name] = pointer(d);
    };
    unary("exp", ::expf, ::exp), unary("exp2", ::exp2f, ::exp2), unary("expm1", ::expm1f, ::expm1);
    unary("log", ::logf, ::log), unary("log2", ::log2f, ::log2), unary("log1p", ::log1pf, ::log1p);
    unary("sin", ::sinf, ::sin), unary("cos", ::cosf, ::cos), unary("tanh", ::tanhf, ::tanh);
    unary("erf", ::erff, ::erf), unary("sqrt", ::sqrtf, ::sqrt);
    unary("floor", ::floorf, ::floor), unary("ceil", ::ceilf, ::ceil), unary("trunc", ::truncf, ::trunc);
    unary("rint", ::rintf, ::rint), unary("round", ::roundf, ::round),
        unary("nearbyint", ::nearbyintf, ::nearbyint);
    binary("pow", ::powf, ::pow), binary("fmod", ::fmodf, ::fmod);
    binary("fmin", ::fminf, ::fmin), binary("fmax", ::fmaxf, ::fmax);
    return symbols;
}

void require(llvm::Error error, const char* doing) {
    if (error)
        throw DeviceError(
            fmt::format("cannot {} compiled code: {}", doing, llvm::toString(std::move(error))));
}

template <class T>
T require(llvm::Expected<T> value, const char* doing) {
    if (!value) require(value.takeError(), doing);
    return std::move(*value);
}

} // namespace

struct JitModule::Impl {
    std::mutex mutex;
    std::string errors;
    std::unique_ptr<llvm::orc::LLJIT> jit; // last: it may report errors while it is destroyed
};

JitModule::JitModule(std::span<const std::byte> object, const std::map<std::string, void*>& host_symbols)
    : impl_(std::make_unique<Impl>()) {
    static std::once_flag targets;
    std::call_once(targets, [] {
        llvm::InitializeNativeTarget();
        llvm::InitializeNativeTargetAsmPrinter();
    });
    // Link on the calling thread: ORC's default starts threads of its own.
    auto control = require(llvm::orc::SelfExecutorProcessControl::Create(
                               nullptr, std::make_unique<llvm::orc::InPlaceTaskDispatcher>()),
                           "prepare to load");
    // No platform: the object has no constructors or thread-local variables to look after.
    impl_->jit = require(llvm::orc::LLJITBuilder()
                             .setExecutorProcessControl(std::move(control))
                             .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                             .create(),
                         "prepare to load");
    auto& jit = *impl_->jit;
    // What went wrong comes here, and ORC would print it; lookup() only says that something did.
    jit.getExecutionSession().setErrorReporter([impl = impl_.get()](llvm::Error error) {
        const std::lock_guard lock(impl->mutex);
        impl->errors.append(" ").append(llvm::toString(std::move(error)));
    });

    static const std::map<std::string, void*> runtime = runtime_symbols();
    std::map<std::string, void*> known = host_symbols;
    known.insert(runtime.begin(), runtime.end());
    llvm::orc::SymbolMap symbols;
    for (const auto& [name, address] : known) {
        symbols[jit.mangleAndIntern(name)] =
            ExecutorSymbolDef(ExecutorAddr::fromPtr(address), llvm::JITSymbolFlags::Exported);
    }
    // Behind the module's own symbols, so that a module may define one of these names itself.
    auto& host = jit.getExecutionSession().createBareJITDylib("host");
    require(host.define(llvm::orc::absoluteSymbols(std::move(symbols))), "load");
    jit.getMainJITDylib().addToLinkOrder(host);

    const llvm::StringRef bytes(reinterpret_cast<const char*>(object.data()), object.size());
    require(jit.addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(bytes, "kernel.o")), "load");
}

JitModule::~JitModule() = default;

void* JitModule::symbol(const std::string& name) const {
    auto address = impl_->jit->lookup(name);
    if (address) return address->toPtr<void*>();
    const std::lock_guard lock(impl_->mutex);
    throw DeviceError(
        fmt::format("cannot load compiled code: {}.{}", llvm::toString(address.takeError()), impl_->errors));
}

} // namespace chela
