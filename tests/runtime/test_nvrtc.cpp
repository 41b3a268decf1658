#include "runtime/nvrtc.hpp"

#include "runtime/disassemble.hpp"
#include "tests/runtime/support.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

using namespace chela;

namespace {

const std::string scale_kernel = R"(struct Arguments { float* x; int n; float factor; };
extern "C" __global__ void __launch_bounds__(256) scale(const __grid_constant__ Arguments arguments) {
    const int i = blockIdx.x * 256 + threadIdx.x;
    if (i < arguments.n) arguments.x[i] *= arguments.factor;
}
)";

std::string text(const Binary& binary) {
    return {reinterpret_cast<const char*>(binary.bytes.data()), binary.bytes.size()};
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("nvrtc: compiles for every architecture that chela targets") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    MESSAGE(nvrtc->version() << " at " << nvrtc->path());
    CHECK(nvrtc->path().starts_with("/"));
    CHECK(std::is_sorted(nvrtc->supported_architectures().begin(), nvrtc->supported_architectures().end()));
    for (const char* name : {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"}) {
        const Target target = Target::parse(name);
        if (!nvrtc->supports(target)) continue; // NVRTC 12 knows none above 90
        const Binary binary = nvrtc->compile(scale_kernel, "scale.cu", target);
        CHECK_MESSAGE(text(binary).starts_with("\x7f"
                                               "ELF"),
                      name);
        CHECK_MESSAGE(
            contains(binary.log, "Compiling entry function 'scale' for '" + std::string(name) + "'"), name);
        CHECK(binary.compile_ms > 0);
    }
    CHECK(nvrtc->supports(Target::parse("sm_90a")));
}

TEST_CASE("nvrtc: emits PTX that ends where its text ends") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    const std::string ptx =
        text(nvrtc->compile(scale_kernel, "scale.cu", Target::parse("sm_90a"), Nvrtc::Emit::ptx));
    CHECK(contains(ptx, ".target sm_90a"));
    CHECK(contains(ptx, ".visible .entry scale("));
    CHECK_FALSE(contains(ptx, std::string(1, '\0')));
}

TEST_CASE("nvrtc: line numbers only where asked for") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    const Target target = Target::parse("sm_80");
    CHECK(contains(text(nvrtc->compile(scale_kernel, "scale.cu", target, Nvrtc::Emit::cubin, true)),
                   ".debug_line"));
    CHECK_FALSE(contains(text(nvrtc->compile(scale_kernel, "scale.cu", target)), ".debug_line"));
}

TEST_CASE("nvrtc: an emulated target compiles for the architecture that is emulated") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    const Binary binary = nvrtc->compile(scale_kernel, "scale.cu", Target::parse("emulator:sm_80"));
    CHECK(contains(binary.log, "for 'sm_80'"));
}

TEST_CASE("nvrtc: an error names the file and line, or those of #line, and carries the log") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    const auto error_of = [&](const std::string& source) -> CompileError {
        try {
            nvrtc->compile(source, "kernel.cu", Target::parse("sm_80"));
        } catch (const CompileError& error) {
            return error;
        }
        FAIL("it compiled: " << source);
        throw std::logic_error("unreachable");
    };
    const CompileError plain = error_of("__device__ int f() {\n  return missing;\n}");
    CHECK(contains(plain.what(), "kernel.cu(2): error: identifier \"missing\" is undefined"));
    CHECK(contains(plain.log, "1 error detected"));
    const CompileError mapped = error_of("__device__ int f() {\n#line 70 \"body.cuh\"\n  return missing;\n}");
    CHECK(contains(mapped.what(), "body.cuh(70): error"));
    const CompileError assembly = error_of(
        "extern \"C\" __global__ void f(int* p) { asm(\"no.such.instruction %0;\" :: \"r\"(p[0])); }");
    CHECK(contains(assembly.what(), "ptxas"));
    CHECK(contains(assembly.log, "no"));
}

TEST_CASE("nvrtc: an architecture that it does not know is the user's error") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    const std::string message = test::message_of<UserError>(
        [&] { nvrtc->compile(scale_kernel, "scale.cu", Target::parse("sm_52")); });
    CHECK(contains(message, "sm_52"));
    CHECK(contains(message, "80, "));
}

TEST_CASE("nvrtc: a key can tell compilations apart by the options") {
    const Target a = Target::parse("sm_90a"), b = Target::parse("sm_80");
    CHECK(Nvrtc::options(a) != Nvrtc::options(b));
    CHECK(Nvrtc::options(a) != Nvrtc::options(a, Nvrtc::Emit::ptx));
    CHECK(Nvrtc::options(a) != Nvrtc::options(a, Nvrtc::Emit::cubin, true));
}

TEST_CASE("nvrtc: several threads compile at once") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            const std::string name = "kernel" + std::to_string(t);
            const Binary binary =
                nvrtc->compile("extern \"C\" __global__ void " + name + "(float* x) { *x = 1; }",
                               name + ".cu", Target::parse("sm_80"));
            right += contains(binary.log, "'" + name + "'");
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(right == 4);
}

TEST_CASE("nvrtc: where it is absent the error says what was tried and how to get it") {
    ToolSearch search;
    search.nvrtc = "/nowhere/libnvrtc.so.13";
    const std::string message = test::message_of<DeviceError>([&] { Nvrtc nvrtc(search); });
    CHECK(contains(message, "/nowhere/libnvrtc.so.13"));
    CHECK(contains(message, "pip install nvidia-cuda-nvrtc"));
    search.nvrtc = "libm.so.6";
    CHECK(contains(test::message_of<DeviceError>([&] { Nvrtc nvrtc(search); }), "not NVRTC"));
}

TEST_CASE("disassemble: prints SASS where a disassembler is installed") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    const ToolSearch search = test::tool_search();
    if (find_disassembler(search).empty()) {
        MESSAGE("SKIP: neither nvdisasm nor cuobjdump is installed");
        return;
    }
    const Binary binary = nvrtc->compile(scale_kernel, "scale.cu", Target::parse("sm_80"));
    const std::string sass = disassemble(binary.bytes, search);
    CHECK(contains(sass, "FMUL"));
    CHECK(contains(sass, "EXIT"));
    CHECK_THROWS_AS(disassemble(std::vector<std::byte>(64, std::byte{1}), search), DeviceError);
}

TEST_CASE("disassemble: says how to get a disassembler, and finds one in a Python wheel") {
    const test::TemporaryFolder folder;
    ToolSearch search;
    search.disassembler = folder.path() / "nvdisasm";
    CHECK_THROWS_AS(disassemble({}, search), DeviceError); // named, but not there

    search.disassembler.clear();
    if (find_disassembler(search).empty()) {
        CHECK(contains(test::message_of<UserError>([&] { disassemble({}, search); }),
                       "pip install nvidia-cuda-nvdisasm"));
        const auto bin = folder.path() / "lib/python3.11/site-packages/nvidia/cu13/bin";
        std::filesystem::create_directories(bin);
        std::filesystem::create_directories(folder.path() / "bin");
        std::filesystem::create_symlink("/bin/true", bin / "nvdisasm");
        search.virtual_env = folder.path();
        CHECK(find_disassembler(search) == bin / "nvdisasm");
        search.virtual_env.clear();
        search.path = "/nowhere:" + (folder.path() / "bin").string();
        CHECK(find_disassembler(search) == bin / "nvdisasm");
    }
}
