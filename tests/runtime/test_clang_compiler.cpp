#include "runtime/clang_compiler.hpp"

#include "codegen/error.hpp"
#include "runtime/jit.hpp"
#include "tests/runtime/support.hpp"

#include <algorithm>
#include <csignal>
#include <thread>

using namespace chela;

namespace {

template <class Function>
Function* function(const JitModule& module, const char* name) {
    return reinterpret_cast<Function*>(module.symbol(name));
}

CompileError error_of(const std::string& source, const HostCompileOptions& options = {}) {
    try {
        compile_host_object(source, "kernel.cpp", options);
    } catch (const CompileError& error) {
        return error;
    }
    FAIL("it compiled: " << source);
    throw std::logic_error("unreachable");
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("clang: compiles a function that runs") {
    const HostObject object =
        compile_host_object("extern \"C\" int twice(int x) { return 2 * x; }", "twice.cpp");
    CHECK(object.log.empty());
    CHECK(object.compile_ms > 0);
    const JitModule module(object.bytes);
    CHECK(function<int(int)>(module, "twice")(21) == 42);
}

TEST_CASE("clang: the same source gives the same object") {
    const std::string source = "extern \"C\" float f(const float* x) { float s = 0; for (int i = 0; i < 99; "
                               "++i) s += x[i]; return s; }";
    CHECK(compile_host_object(source, "f.cpp").bytes == compile_host_object(source, "f.cpp").bytes);
}

TEST_CASE("clang: an error names the source file and line, or those of #line, and carries the log") {
    const CompileError plain = error_of("int f() {\n  return undefined_name;\n}");
    CHECK(contains(plain.what(), "kernel.cpp:2:10: error: use of undeclared identifier 'undefined_name'"));
    CHECK(contains(plain.log, "1 error generated"));
    const CompileError mapped =
        error_of("int f() {\n#line 70 \"linear_attention/forward.cpu.h\"\n  return undefined_name;\n}");
    CHECK(contains(mapped.what(), "linear_attention/forward.cpu.h:70:10: error"));
}

TEST_CASE("clang: a warning is in the log and is no error") {
    const HostObject object = compile_host_object("extern \"C\" void f() { int unused; }", "f.cpp");
    CHECK(contains(object.log, "f.cpp:1:27: warning: unused variable 'unused'"));
}

TEST_CASE("clang: files and definitions are in memory, and no file of the machine is visible") {
    HostCompileOptions options;
    options.files = {{"prelude/vector.h", "inline int four() { return 4; }"}};
    options.definitions = {"SIX=6", "FLAG"};
    const JitModule module(compile_host_object("#include \"prelude/vector.h\"\n#ifdef FLAG\nextern \"C\" int "
                                               "f() { return four() * SIX; }\n#endif",
                                               "f.cpp", options)
                               .bytes);
    CHECK(function<int()>(module, "f")() == 24);
    CHECK(contains(error_of("#include \"/etc/passwd\"").what(), "file not found"));
    CHECK(contains(error_of("#include <cmath>").what(), "file not found"));
}

TEST_CASE("clang: floating point is relaxed or exactly as written") {
    const std::string source = "extern \"C\" float f(float a, float b, float c) { return a * b + c; }";
    HostCompileOptions exact;
    exact.relaxed_floating_point = false;
    const JitModule module(compile_host_object(source, "f.cpp", exact).bytes);
    const float a = 1 + 0x1p-12f; // a * a needs 25 bits: the product alone rounds its last bit away
    CHECK(function<float(float, float, float)>(module, "f")(a, a, -(1 + 0x1p-11f)) == 0.0f);
    if (host_has("fma")) CHECK(contains(host_assembly(source, "f.cpp"), "vfmadd"));
    CHECK_FALSE(contains(host_assembly(source, "f.cpp", exact), "vfmadd"));
}

TEST_CASE("clang: code is for this very processor") {
    const std::string source = "typedef float V __attribute__((vector_size(64)));\n"
                               "extern \"C\" void f(V* a, const V* b) { *a += *b; }";
    CHECK(contains(host_assembly(source, "f.cpp"), "zmm") == host_has("avx512f"));
    CHECK(contains(host_llvm_ir(source, "f.cpp"), "fadd"));
    CHECK(contains(host_llvm_ir(source, "f.cpp"), "\"target-cpu\"=\"" + host_cpu() + "\""));
    const auto features = host_features();
    CHECK(features.size() > 50);
    CHECK(std::is_sorted(features.begin(), features.end()));
    CHECK(clang_version().starts_with("Clang 19."));
}

TEST_CASE("clang: line tables only where asked for") {
    const std::string source = "#line 5 \"body.h\"\nextern \"C\" int f(int* x) { return *x; }";
    HostCompileOptions lines;
    lines.debug_lines = true;
    CHECK(contains(host_llvm_ir(source, "f.cpp", lines), "DILocation(line: 5"));
    CHECK_FALSE(contains(host_llvm_ir(source, "f.cpp"), "DILocation"));
    const JitModule module(compile_host_object(source, "f.cpp", lines).bytes);
    int value = 3;
    CHECK(function<int(int*)>(module, "f")(&value) == 3);
}

TEST_CASE("clang: errors of the code generator are CompileErrors too") {
    CHECK(contains(error_of("extern \"C\" void f() { asm volatile(\"no_such_instruction\"); }").what(),
                   "invalid instruction"));
    CHECK(contains(
        error_of("extern \"C\" int f(int x) { int y; asm(\"mov %1, %0\" : \"=x\"(y) : \"i\"(x)); return y; }")
            .what(),
        "error"));
}

TEST_CASE("clang: a crash of the compiler is a CompileError, and the next compilation works") {
    const auto handler_before = std::signal(SIGSEGV, SIG_DFL);
    std::signal(SIGSEGV, handler_before);
    // Not `__debug crash`: that one leaves a timer of the lost stack in a list of LLVM's.
    const CompileError crash = error_of("#pragma clang __debug parser_crash");
    CHECK(contains(crash.what(), "Clang failed on kernel.cpp"));
    const CompileError fatal = error_of("#pragma clang __debug llvm_fatal_error");
    CHECK(contains(fatal.what(), "Clang failed on kernel.cpp: #pragma clang __debug llvm_fatal_error"));
    CHECK_FALSE(compile_host_object("int x;", "kernel.cpp").bytes.empty());
    const auto handler_after = std::signal(SIGSEGV, SIG_DFL);
    std::signal(SIGSEGV, handler_after);
    CHECK((handler_before == handler_after)); // the host application's handlers are back
}

TEST_CASE("clang: deep recursion in the source does not need the caller's stack") {
    std::string sum = "0";
    for (int i = 0; i < 200; ++i) sum = "(" + sum + "+1)";
    CHECK_FALSE(compile_host_object("int x = " + sum + ";", "deep.cpp").bytes.empty());
}

TEST_CASE("clang: several threads compile at once, good and bad source") {
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t, &right] {
            for (int i = 0; i < 3; ++i) {
                const int value = 100 * t + i;
                const JitModule module(
                    compile_host_object("extern \"C\" int f() { return " + std::to_string(value) + "; }",
                                        "f.cpp")
                        .bytes);
                right += function<int()>(module, "f")() == value;
                try {
                    compile_host_object(i == 1 ? "#pragma clang __debug parser_crash"
                                               : "int f() { return undefined_name; }",
                                        "bad.cpp");
                } catch (const CompileError&) {
                    ++right;
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(right == 24);
}
