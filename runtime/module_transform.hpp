#pragma once
// A change to the LLVM IR of a module on its way through compile_host_object. Only for files that use LLVM.

#include <functional>
#include <llvm/IR/Module.h>
#include <string>

namespace chela {

struct ModuleTransform {
    /// before: every load and store that the source has. after: those that optimisation left.
    enum class Stage { before_optimization, after_optimization };
    std::string name; ///< with a version: whoever keeps the object must have it in its key
    Stage stage = Stage::after_optimization;
    /// Called once, on the compiling thread. Does not throw.
    std::function<void(llvm::Module&)> run;
};

} // namespace chela
