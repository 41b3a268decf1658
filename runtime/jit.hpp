#pragma once
// Object code made runnable inside this process by LLVM's ORC.

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>

namespace chela {

/// A loaded object. Its code is unloaded with it, so it must outlive every call.
class JitModule {
  public:
    /// `host_symbols` are functions and variables of this program that the object refers to by name. Beside
    /// these it may use what a freestanding object needs of its runtime: memcpy and its kin, and the
    /// functions of <math.h>. Throws DeviceError that names the symbols that nobody defines.
    explicit JitModule(std::span<const std::byte> object,
                       const std::map<std::string, void*>& host_symbols = {});
    ~JitModule();
    JitModule(const JitModule&) = delete;
    JitModule& operator=(const JitModule&) = delete;

    /// Address of an extern "C" function or variable. Throws DeviceError where the object has none of that
    /// name.
    void* symbol(const std::string& name) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace chela
