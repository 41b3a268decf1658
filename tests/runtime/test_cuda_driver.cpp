// Without a GPU: the reason is clear and nothing breaks. With one (label gpu): real contexts, memory and
// launches of a kernel small enough to be written in PTX.

#include "runtime/cuda_device.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <doctest/doctest.h>
#include <numeric>

using namespace chela;

namespace {

/// Adds `value` to each of `count` ints; one parameter, the argument block. The PTX of sm_80 runs on all that
/// follow.
constexpr const char* add_ptx = R"(
.version 7.0
.target sm_80
.address_size 64
.visible .entry add(.param .align 8 .b8 block[16]) {
    .reg .pred %p;
    .reg .b32 %r<8>;
    .reg .b64 %rd<4>;
    ld.param.u64 %rd0, [block];
    ld.param.s32 %r0, [block+8];
    ld.param.s32 %r1, [block+12];
    mov.u32 %r2, %ctaid.x;
    mov.u32 %r3, %ntid.x;
    mov.u32 %r4, %tid.x;
    mad.lo.s32 %r5, %r2, %r3, %r4;
    setp.ge.s32 %p, %r5, %r0;
    @%p bra done;
    cvta.to.global.u64 %rd1, %rd0;
    mul.wide.s32 %rd2, %r5, 4;
    add.s64 %rd3, %rd1, %rd2;
    ld.global.s32 %r6, [%rd3];
    add.s32 %r7, %r6, %r1;
    st.global.s32 [%rd3], %r7;
done:
    ret;
}
)";

struct AddArguments {
    int* data;
    int count;
    int value;
};

CudaCompiler ptx_as_it_is() {
    return {[](const Kernel& kernel, const Target&) {
                Binary binary;
                const auto* const text = reinterpret_cast<const std::byte*>(kernel.source.c_str());
                binary.bytes.assign(text,
                                    text + kernel.source.size() + 1); // the loader wants PTX with its end
                return binary;
            },
            "PTX"};
}

std::shared_ptr<const CudaDriver> driver_or_skip() {
    auto loaded = CudaDriver::try_load();
    if (!loaded.driver) MESSAGE("SKIP: " << loaded.why);
    return loaded.driver;
}

/// `add` with a block of threads and what else a launch may have. Tests give the grid themselves.
Kernel add_kernel(int block = 128, std::int64_t shared_bytes = 0, int cluster = 1) {
    return {"add", add_ptx, {.grid = {}, .block = block, .shared_bytes = shared_bytes, .cluster = cluster}};
}

/// Launches `add` over `count` ints and returns whether each got 5 added.
bool add_works(CudaDevice& device, LoadedKernel& kernel, const LaunchPlan& plan, Stream stream,
               int count = 1000) {
    std::vector<int> values(count), expected(count);
    std::iota(values.begin(), values.end(), 0);
    std::iota(expected.begin(), expected.end(), 5);
    void* const memory = device.allocate(values.size() * sizeof(int));
    device.copy_in(memory, values.data(), values.size() * sizeof(int));
    const AddArguments arguments{static_cast<int*>(memory), count, 5};
    const std::int64_t grid =
        ((count + plan.block - 1) / plan.block + plan.cluster - 1) / plan.cluster * plan.cluster;
    device.launch(kernel, plan, grid, &arguments, sizeof arguments, stream);
    device.synchronize();
    device.copy_out(values.data(), memory, values.size() * sizeof(int));
    device.free(memory);
    return values == expected;
}

} // namespace

TEST_CASE("a library that is absent, or is no driver, is a reason and not a crash") {
    const auto absent = CudaDriver::try_load("libcuda-of-nobody.so.1");
    CHECK(absent.driver == nullptr);
    CHECK_MESSAGE(absent.why.find("libcuda-of-nobody.so.1") != std::string::npos, absent.why);
    const auto other = CudaDriver::try_load("libc.so.6");
    CHECK(other.driver == nullptr);
    CHECK_MESSAGE(other.why.find("has no function cuGetErrorName") != std::string::npos, other.why);
    const auto here = CudaDriver::try_load();
    CHECK(here.why.empty() == (here.driver != nullptr)); // one or the other
}

TEST_CASE("the target follows from the compute capability") {
    CHECK(cuda_target(8, 0).to_string() == "sm_80");
    CHECK(cuda_target(8, 9).to_string() == "sm_89");
    CHECK(cuda_target(9, 0).to_string() == "sm_90a");
    CHECK(cuda_target(10, 0).to_string() == "sm_100a");
    CHECK(cuda_target(12, 0).to_string() == "sm_120a");
    CHECK_THROWS_WITH_AS(cuda_target(7, 5), "compute capability 7.5: chela needs 8.0 (Ampere) or newer",
                         DeviceError);
}

TEST_CASE("gpu: a kernel runs on the default stream, on a stream, and in clusters") {
    const auto driver = driver_or_skip();
    if (!driver) return;
    CudaDevice device(std::make_shared<CudaContext>(driver, 0), ptx_as_it_is());
    MESSAGE(device.name() << ", " << device.target().to_string() << ", " << device.toolchain());
    CHECK(device.total_memory() > std::size_t{1} << 30);
    CHECK(device.target().multiprocessors > 0);

    const Kernel kernel = add_kernel();
    const auto loaded = device.load(kernel, device.compile(kernel));
    CHECK(device.resources(*loaded).registers > 0);
    CHECK(device.resources(*loaded).local_bytes == 0);
    CHECK(add_works(device, *loaded, kernel.launch, nullptr));

    const Kernel much_shared = add_kernel(64, 96 << 10);
    CHECK(add_works(device, *device.load(much_shared, device.compile(much_shared)), much_shared.launch,
                    nullptr));
    if (device.target().compute_capability >= 90) {
        const Kernel clusters = add_kernel(64, 0, 4);
        CHECK(add_works(device, *device.load(clusters, device.compile(clusters)), clusters.launch, nullptr));
    }
    device.launch(*loaded, kernel.launch, 0, nullptr, 0, nullptr); // no blocks: no launch, so nothing is read
    device.synchronize();
}

TEST_CASE("gpu: errors name the call, the error and the launch, and the device goes on") {
    const auto driver = driver_or_skip();
    if (!driver) return;
    CHECK_THROWS_AS(CudaContext(driver, driver->device_count()), UserError);
    CudaDevice device(std::make_shared<CudaContext>(driver, 0), ptx_as_it_is());
    const auto message = [](const auto& work) -> std::string {
        try {
            work();
        } catch (const std::exception& error) {
            return error.what();
        }
        return "nothing was thrown";
    };
    CHECK(message([&] { device.allocate(std::size_t{1} << 50); }).find("CUDA_ERROR_OUT_OF_MEMORY") !=
          std::string::npos);
    const Kernel kernel = add_kernel(4096);
    const auto loaded = device.load(kernel, device.compile(kernel));
    const AddArguments arguments{};
    const std::string launch =
        message([&] { device.launch(*loaded, kernel.launch, 1, &arguments, sizeof arguments, nullptr); });
    CHECK_MESSAGE(launch.find("launch of add (grid 1, block 4096") != std::string::npos, launch);
    CHECK_MESSAGE(launch.find("CUDA_ERROR_INVALID_VALUE") != std::string::npos, launch);
    const std::string grid = message(
        [&] { device.launch(*loaded, kernel.launch, 1LL << 31, &arguments, sizeof arguments, nullptr); });
    CHECK_MESSAGE(grid.find("2147483648") != std::string::npos, grid);
    Kernel misnamed = add_kernel();
    misnamed.entry = "subtract";
    CHECK(message([&] { device.load(misnamed, device.compile(misnamed)); }).find("cuModuleGetFunction") !=
          std::string::npos);
    const Kernel greedy = add_kernel(64, 10 << 20);
    CHECK(message([&] {
              device.load(greedy, device.compile(greedy));
          }).find("10485760 bytes of shared memory") != std::string::npos);
    const Kernel good = add_kernel();
    CHECK(add_works(device, *device.load(good, device.compile(good)), good.launch, nullptr));
}

TEST_CASE("gpu: in a caller's own context and stream, which stay his") {
    const auto driver = driver_or_skip();
    if (!driver) return;
    CudaDevice primary(std::make_shared<CudaContext>(driver, 0), ptx_as_it_is());
    const Kernel kernel = add_kernel();
    const auto in_primary = primary.load(kernel, primary.compile(kernel));

    cuda::Context before = nullptr;
    driver->cuCtxGetCurrent(&before);
    cuda::Context retained = nullptr;
    driver->cuDevicePrimaryCtxRetain(&retained, 0);
    driver->cuCtxPushCurrent(retained);
    cuda::StreamHandle stream = nullptr;
    constexpr unsigned non_blocking = 1;
    driver->cuStreamCreate(&stream, non_blocking);
    {
        CudaDevice callers(CudaContext::current(driver), ptx_as_it_is());
        CHECK(add_works(callers, *callers.load(kernel, callers.compile(kernel)), kernel.launch, stream));
        CHECK(add_works(primary, *in_primary, kernel.launch, stream));
    }
    cuda::Context after = nullptr;
    driver->cuCtxGetCurrent(&after);
    CHECK(after == retained);
    driver->cuStreamDestroy(stream);
    driver->cuCtxPopCurrent(&after);
    driver->cuDevicePrimaryCtxRelease(0);

    CHECK(add_works(primary, *in_primary, kernel.launch, nullptr));
    driver->cuCtxGetCurrent(&after);
    CHECK(after == before); // launching left nothing behind
    if (!before) CHECK_THROWS_AS(CudaContext::current(driver), UserError);
}

TEST_CASE("gpu: times and bandwidth are plausible") {
    const auto driver = driver_or_skip();
    if (!driver) return;
    CudaDevice device(std::make_shared<CudaContext>(driver, 0), ptx_as_it_is());
    const double bandwidth = device.copy_bandwidth();
    MESSAGE("copy bandwidth: " << bandwidth * 1e-9 << " GB/s");
    CHECK(bandwidth > 1e10);
    CHECK(bandwidth < 2e13);

    const Kernel kernel = add_kernel(256);
    const auto loaded = device.load(kernel, device.compile(kernel));
    const int count = 1 << 26; // 256 MiB, read and written
    void* const memory = device.allocate(std::size_t{count} * sizeof(int));
    device.fill(memory, std::byte{0}, std::size_t{count} * sizeof(int));
    const AddArguments arguments{static_cast<int*>(memory), count, 1};
    std::vector<double> milliseconds = device.time(
        [&] { device.launch(*loaded, kernel.launch, count / 256, &arguments, sizeof arguments, nullptr); },
        15);
    device.free(memory);
    REQUIRE(milliseconds.size() == 15);
    std::ranges::sort(milliseconds);
    const double rate = 2.0 * count * sizeof(int) / (milliseconds[7] * 1e-3);
    MESSAGE("a kernel that reads and writes: " << rate * 1e-9 << " GB/s");
    CHECK(rate > 0.2 * bandwidth);
    CHECK(rate < 1.5 * bandwidth);

    const std::vector<double> nothing = device.time([] {}, 15);
    CHECK(*std::ranges::min_element(nothing) < 0.02); // no launch overhead inside the interval
}
