// The only file of chela that includes Clang: each such file costs 15 to 20 seconds and 1.3 GB to compile.

#include "runtime/clang_compiler.hpp"

#include "codegen/error.hpp"
#include "runtime/compiler_guard.hpp"
#include "runtime/compiler_log.hpp"
#include "runtime/module_transform.hpp"

#include <algorithm>
#include <chrono>
#include <clang/Basic/DiagnosticOptions.h>
#include <clang/Basic/Version.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/CompilerInvocation.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <fmt/format.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/VirtualFileSystem.h>
#include <llvm/TargetParser/Host.h>
#include <mutex>

namespace chela {

namespace {

enum class Output { object, assembly, llvm_ir };

struct Compilation {
    llvm::SmallString<0> bytes;
    std::string log;
    bool succeeded = false;
};

std::vector<std::string> compiler_arguments(const std::string& name, const HostCompileOptions& options) {
    std::vector<std::string> arguments{"-triple", llvm::sys::getProcessTriple(), "-target-cpu", host_cpu()};
    for (const auto& [feature, present] : host_features()) {
        arguments.insert(arguments.end(), {"-target-feature", (present ? "+" : "-") + feature});
    }
    arguments.push_back("-O" + std::to_string(options.optimization));
    arguments.insert(arguments.end(),
                     {"-std=c++20", "-ffreestanding", "-nostdsysteminc", "-nobuiltininc", "-fno-rtti",
                      "-Wall", "-mframe-pointer=none", "-mrelocation-model", "pic", "-pic-level", "2"});
    if (options.optimization >= 2) {
        arguments.insert(arguments.end(), {"-vectorize-loops", "-vectorize-slp", "-funroll-loops",
                                           "-mprefer-vector-width=512"});
    }
    if (options.relaxed_floating_point) {
        arguments.insert(arguments.end(), {"-ffp-contract=fast", "-mreassociate", "-fno-signed-zeros"});
    } else {
        arguments.emplace_back("-ffp-contract=off");
    }
    if (options.debug_lines) {
        arguments.insert(arguments.end(), {"-debug-info-kind=line-tables-only", "-dwarf-version=5"});
    }
    for (const std::string& definition : options.definitions) arguments.push_back("-D" + definition);
    arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
    arguments.insert(arguments.end(), {"-x", "c++", name});
    return arguments;
}

// Without a handler of ours an error of the code generator, such as wrong inline assembly, ends the process.
void collect_diagnostic(const llvm::DiagnosticInfo* diagnostic, void* log) {
    if (diagnostic->getSeverity() > llvm::DS_Warning) return;
    llvm::raw_string_ostream stream(*static_cast<std::string*>(log));
    llvm::DiagnosticPrinterRawOStream printer(stream);
    diagnostic->print(printer);
    stream << "\n";
}

struct TransformPass : llvm::PassInfoMixin<TransformPass> {
    std::shared_ptr<const ModuleTransform> transform;
    explicit TransformPass(std::shared_ptr<const ModuleTransform> what) : transform(std::move(what)) {}
    llvm::PreservedAnalyses run(llvm::Module& module, llvm::ModuleAnalysisManager&) {
        transform->run(module);
        return llvm::PreservedAnalyses::none();
    }
    static bool isRequired() { return true; } // at -O0 too
};

void add_transform(clang::CodeGenOptions& options, const std::shared_ptr<const ModuleTransform>& transform) {
    options.PassBuilderCallbacks.emplace_back([transform](llvm::PassBuilder& builder) {
        const auto add = [transform](llvm::ModulePassManager& passes, llvm::OptimizationLevel) {
            passes.addPass(TransformPass(transform));
        };
        if (transform->stage == ModuleTransform::Stage::before_optimization) {
            builder.registerPipelineStartEPCallback(add);
        } else {
            builder.registerOptimizerLastEPCallback(add);
        }
    });
}

std::unique_ptr<clang::CodeGenAction> make_action(Output output, llvm::LLVMContext& context) {
    switch (output) {
    case Output::object:
        return std::make_unique<clang::EmitObjAction>(&context);
    case Output::assembly:
        return std::make_unique<clang::EmitAssemblyAction>(&context);
    case Output::llvm_ir:
        return std::make_unique<clang::EmitLLVMAction>(&context);
    }
    return nullptr;
}

llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> file_system(std::string_view source, const std::string& name,
                                                            const HostCompileOptions& options) {
    auto files = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
    files->addFile(name, 0, llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(source), name));
    for (const auto& [path, text] : options.files) {
        files->addFile(path, 0, llvm::MemoryBuffer::getMemBufferCopy(text, path));
    }
    return files;
}

void run_clang(std::string_view source, const std::string& name, const HostCompileOptions& options,
               Output output, Compilation& result) {
    llvm::raw_string_ostream log(result.log);
    llvm::IntrusiveRefCntPtr<clang::DiagnosticOptions> diagnostic_options = new clang::DiagnosticOptions;
    diagnostic_options->ShowPresumedLoc = true; // the files and lines of #line
    llvm::IntrusiveRefCntPtr<clang::DiagnosticsEngine> diagnostics =
        new clang::DiagnosticsEngine(new clang::DiagnosticIDs, diagnostic_options,
                                     new clang::TextDiagnosticPrinter(log, diagnostic_options.get()));

    const std::vector<std::string> arguments = compiler_arguments(name, options);
    std::vector<const char*> pointers;
    pointers.reserve(arguments.size());
    for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
    auto invocation = std::make_shared<clang::CompilerInvocation>();
    if (!clang::CompilerInvocation::CreateFromArgs(*invocation, pointers, *diagnostics, "chela")) return;
    clang::ProcessWarningOptions(*diagnostics, invocation->getDiagnosticOpts());
    if (options.transform) add_transform(invocation->getCodeGenOpts(), options.transform);

    llvm::LLVMContext context;
    std::string backend_log;
    context.setDiagnosticHandlerCallBack(collect_diagnostic, &backend_log);
    clang::CompilerInstance compiler;
    compiler.setInvocation(invocation);
    compiler.setVerboseOutputStream(log);
    compiler.setDiagnostics(diagnostics.get());
    compiler.createFileManager(file_system(source, name, options));
    compiler.setOutputStream(std::make_unique<llvm::raw_svector_ostream>(result.bytes));
    const auto action = make_action(output, context);
    result.succeeded = compiler.ExecuteAction(*action) && backend_log.empty();
    log << backend_log;
}

Compilation compile(std::string_view source, const std::string& name, const HostCompileOptions& options,
                    Output output) {
    static std::once_flag targets;
    std::call_once(targets, [] {
        llvm::InitializeNativeTarget();
        llvm::InitializeNativeTargetAsmPrinter();
        llvm::InitializeNativeTargetAsmParser(); // inline assembly
    });
    // On the heap, and left there after a crash: nobody knows what state the compiler left it in.
    auto result = std::make_unique<Compilation>();
    std::string reason;
    if (!run_guarded([&] { run_clang(source, name, options, output, *result); }, reason)) {
        const std::string log = result.release()->log;
        throw CompileError(fmt::format("Clang failed on {}: {}", name, reason),
                           log + "fatal error: " + reason + "\n");
    }
    if (!result->succeeded) {
        throw CompileError(fmt::format("Clang refuses {}: {}", name, first_error(result->log)), result->log);
    }
    return std::move(*result);
}

} // namespace

HostObject compile_host_object(std::string_view source, const std::string& name,
                               const HostCompileOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    Compilation compiled = compile(source, name, options, Output::object);
    const auto* begin = reinterpret_cast<const std::byte*>(compiled.bytes.data());
    HostObject object;
    object.bytes.assign(begin, begin + compiled.bytes.size());
    object.log = std::move(compiled.log);
    object.compile_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return object;
}

std::string host_llvm_ir(std::string_view source, const std::string& name,
                         const HostCompileOptions& options) {
    return std::string(compile(source, name, options, Output::llvm_ir).bytes);
}

std::string host_assembly(std::string_view source, const std::string& name,
                          const HostCompileOptions& options) {
    return std::string(compile(source, name, options, Output::assembly).bytes);
}

std::string clang_version() { return "Clang " CLANG_VERSION_STRING; }

std::string host_cpu() { return llvm::sys::getHostCPUName().str(); }

std::vector<std::pair<std::string, bool>> host_features() {
    std::vector<std::pair<std::string, bool>> features;
    for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
        features.emplace_back(feature.first().str(), feature.second);
    }
    std::sort(features.begin(), features.end());
    return features;
}

bool host_has(std::string_view feature) {
    const auto features = host_features();
    return std::any_of(features.begin(), features.end(),
                       [&](const auto& entry) { return entry.second && entry.first == feature; });
}

} // namespace chela
