#include "runtime/module_transform.hpp"

#include "runtime/clang_compiler.hpp"
#include "runtime/jit.hpp"

#include <doctest/doctest.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>

using namespace chela;

namespace {

int loads = 0;
void count_load() { ++loads; }

// Calls count_load before every load: what an emulator's checks do, in small.
void count_loads(llvm::Module& module) {
    auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()), false);
    const llvm::FunctionCallee counter = module.getOrInsertFunction("count_load", type);
    for (llvm::Function& function : module) {
        for (llvm::Instruction& instruction : llvm::instructions(function)) {
            if (llvm::isa<llvm::LoadInst>(instruction)) llvm::IRBuilder<>(&instruction).CreateCall(counter);
        }
    }
}

int loads_in_run(ModuleTransform::Stage stage, int optimization) {
    HostCompileOptions options;
    options.optimization = optimization;
    options.transform =
        std::make_shared<ModuleTransform>(ModuleTransform{"count loads 1", stage, count_loads});
    // Optimised, the second load of *x is gone.
    const JitModule module(
        compile_host_object("extern \"C\" int f(int* x) { return *x + *x; }", "f.cpp", options).bytes,
        {{"count_load", reinterpret_cast<void*>(&count_load)}});
    int value = 21;
    loads = 0;
    CHECK(reinterpret_cast<int (*)(int*)>(module.symbol("f"))(&value) == 42);
    return loads;
}

} // namespace

TEST_CASE("module transform: sees the loads that optimisation left") {
    CHECK(loads_in_run(ModuleTransform::Stage::after_optimization, 3) == 1);
}

TEST_CASE("module transform: sees every load of the source where it asks for that") {
    // x itself is a local variable before optimisation: two loads of it, two of *x
    CHECK(loads_in_run(ModuleTransform::Stage::before_optimization, 3) == 4);
}

TEST_CASE("module transform: runs without optimisation too") {
    CHECK(loads_in_run(ModuleTransform::Stage::after_optimization, 0) == 4);
    CHECK(loads_in_run(ModuleTransform::Stage::before_optimization, 0) == 4);
}
