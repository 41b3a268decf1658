#include "runtime/cubin.hpp"

#include "codegen/error.hpp"
#include "runtime/clang_compiler.hpp"
#include "tests/runtime/support.hpp"

#include <cstdio>

using namespace chela;

namespace {

const std::string source = R"(
struct Arguments { float* x; long long x_stride[1]; int n; float scale; };

extern "C" __global__ void __launch_bounds__(128) tile(const __grid_constant__ Arguments arguments) {
    __shared__ float tile[256];
    extern __shared__ float dynamic[];
    tile[threadIdx.x] = arguments.x[threadIdx.x];
    dynamic[threadIdx.x] = arguments.scale;
    asm volatile("bar.sync 3, 64;");
    __syncthreads();
    arguments.x[threadIdx.x] = tile[255 - threadIdx.x] + dynamic[arguments.n];
}

extern "C" __global__ void __launch_bounds__(1024) spill(float* x) {
    float values[200];
#pragma unroll
    for (int i = 0; i < 200; ++i) values[i] = x[i * 7 + threadIdx.x];
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 200; ++i) x[i * 3 + threadIdx.x] = values[i] * values[i * 17 % 200];
}

extern "C" __global__ void store(float* x) { x[threadIdx.x] = 1; }
)";

const KernelResources& named(const std::vector<KernelResources>& kernels, const std::string& entry) {
    for (const KernelResources& kernel : kernels) {
        if (kernel.entry == entry) return kernel;
    }
    FAIL("no kernel " << entry);
    throw std::logic_error("unreachable");
}

// What ptxas itself says: "Used 72 registers, used 4 barriers, 1024 bytes smem" under the heading of the
// kernel.
struct Reported {
    int registers = 0, barriers = 0, shared = 0;
    Reported(const std::string& log, const std::string& entry) {
        const std::size_t heading = log.find("Function properties for " + entry + "\n");
        REQUIRE(heading != std::string::npos);
        const std::size_t used = log.find("Used ", heading);
        const std::string line = log.substr(used, log.find('\n', used) - used);
        REQUIRE(std::sscanf(line.c_str(), "Used %d registers, used %d barriers", &registers, &barriers) == 2);
        const std::size_t unit = line.find(" bytes smem");
        if (unit != std::string::npos) shared = std::stoi(line.substr(line.rfind(' ', unit - 1)));
    }
};

} // namespace

TEST_CASE("cubin: resources agree with what ptxas reports, on every architecture") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    for (const char* name : {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"}) {
        CAPTURE(std::string(name));
        const Target target = Target::parse(name);
        if (!nvrtc->supports(target)) continue;
        const Binary binary = nvrtc->compile(source, "resources.cu", target);
        const auto kernels = cubin_resources(binary.bytes, binary.log);
        REQUIRE(kernels.size() == 3);
        for (const KernelResources& kernel : kernels) {
            CAPTURE(kernel.entry);
            const Reported reported(binary.log, kernel.entry);
            CHECK(kernel.registers == reported.registers);
            CHECK(kernel.barriers == reported.barriers);
            CHECK(kernel.static_shared_bytes == reported.shared);
            CHECK(kernel.code_bytes > 0);
        }
        const KernelResources& tile = named(kernels, "tile");
        CHECK(tile.static_shared_bytes == 1024);
        CHECK(tile.barriers == 4);
        CHECK(tile.max_threads == 128);
        CHECK(tile.parameter_bytes == 24);
        CHECK(tile.local_bytes == 0);
        CHECK(tile.spill_store_bytes == 0);
        CHECK(tile.spill_load_bytes == 0);

        const KernelResources& spill = named(kernels, "spill");
        CHECK(spill.registers == 64); // 65536 registers for 1024 threads
        CHECK(spill.local_bytes > 0);
        CHECK(spill.spill_store_bytes.value_or(0) > 0);
        CHECK(spill.spill_load_bytes.value_or(0) > 0);
        CHECK(spill.max_threads == 1024);

        const KernelResources& store = named(kernels, "store");
        CHECK(store.max_threads == 0);
        CHECK(store.parameter_bytes == 8);
    }
}

TEST_CASE("cubin: without the log spills are unknown, not zero") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    const auto kernels =
        cubin_resources(nvrtc->compile(source, "resources.cu", Target::parse("sm_80")).bytes);
    CHECK_FALSE(named(kernels, "spill").spill_store_bytes.has_value());
    CHECK(named(kernels, "spill").local_bytes > 0);
}

TEST_CASE("cubin: damaged bytes are refused or read, never a crash") {
    const auto nvrtc = test::nvrtc_or_skip();
    if (!nvrtc) return;
    const std::vector<std::byte> whole =
        nvrtc->compile(source, "resources.cu", Target::parse("sm_90a")).bytes;
    for (std::size_t size = 0; size < whole.size(); size += 97) {
        try {
            cubin_resources(std::span(whole).first(size));
        } catch (const DeviceError&) {
        }
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::vector<std::byte> damaged = whole;
        damaged[i] ^= std::byte{0xff};
        try {
            cubin_resources(damaged);
        } catch (const DeviceError&) {
        }
    }
}

TEST_CASE("cubin: other files are refused") {
    CHECK_THROWS_AS(cubin_resources({}), DeviceError);
    CHECK_THROWS_AS(cubin_resources(std::vector<std::byte>(1000, std::byte{1})), DeviceError);
    const HostObject object = compile_host_object("int x;", "x.cpp");
    const std::string message = test::message_of<DeviceError>([&] { cubin_resources(object.bytes); });
    CHECK(message.find("machine 62") != std::string::npos); // x86-64
}
