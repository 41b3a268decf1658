#include "runtime/cpu_device.hpp"

#include "codegen/error.hpp"
#include "runtime/binary_cache.hpp"
#include "tests/runtime/support.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>

using namespace chela;

namespace {

struct Scale {
    float* x;
    int block_size;
    float factor;
};

Kernel scale_kernel() {
    Kernel kernel;
    kernel.entry = "scale";
    kernel.source = R"(
struct Arguments { float* x; int block_size; float factor; };
extern "C" void scale(const void* arguments, long long block, void* scratch) {
    const Arguments& a = *static_cast<const Arguments*>(arguments);
    float* staged = static_cast<float*>(scratch);
    float* x = a.x + block * a.block_size;
    for (int i = 0; i < a.block_size; ++i) staged[i] = x[i] * a.factor;
    for (int i = 0; i < a.block_size; ++i) x[i] = staged[i];
})";
    kernel.launch.shared_bytes = 1000 * sizeof(float);
    return kernel;
}

} // namespace

TEST_CASE("cpu device: says what it is") {
    const auto device = make_cpu_device();
    MESSAGE(device->name() << "; " << device->toolchain());
    CHECK(device->target() == Target{Backend::cpu});
    CHECK(device->name().find("threads") != std::string::npos);
    CHECK(device->toolchain().starts_with("Clang 19."));
    CHECK(device->total_memory() > (std::size_t{1} << 28));
    CHECK(make_cpu_device({.threads = 1})->name() != make_cpu_device({.threads = 2})->name());
    CHECK(make_cpu_device({.debug_lines = true})->toolchain() != device->toolchain());
    CHECK(test::message_of<UserError>([] { make_cpu_device({.threads = -1}); }).find("-1") !=
          std::string::npos);
}

TEST_CASE("cpu device: compiles, loads and launches every block once, with scratch memory of its own") {
    for (const int threads : {0, 1, 3}) {
        const auto device = make_cpu_device({.threads = threads});
        const Kernel kernel = scale_kernel();
        const Binary binary = device->compile(kernel);
        CHECK(binary.key == binary_key(*device, kernel));
        const auto loaded = device->load(kernel, binary);
        for (const std::int64_t grid : {0, 1, 7, 1000}) {
            std::vector<float> x(static_cast<std::size_t>(grid) * 1000), expected;
            std::iota(x.begin(), x.end(), 0.0f);
            for (const float value : x) expected.push_back(value * 3);
            const Scale arguments{x.data(), 1000, 3};
            device->launch(*loaded, kernel.launch, grid, &arguments, sizeof(arguments), nullptr);
            CHECK(x == expected);
        }
    }
}

TEST_CASE("cpu device: scratch is aligned to 64 bytes and as large as the plan says, growing or shrinking") {
    const auto device = make_cpu_device();
    Kernel kernel;
    kernel.entry = "probe";
    kernel.source = R"(
extern "C" void probe(const void* arguments, long long block, void* scratch) {
    const long long bytes = **static_cast<const long long* const*>(arguments);
    char* result = static_cast<char* const*>(arguments)[1];
    for (long long i = 0; i < bytes; ++i) static_cast<volatile char*>(scratch)[i] = 1;
    result[block] = bytes == 0 ? scratch == nullptr : reinterpret_cast<unsigned long long>(scratch) % 64 == 0;
})";
    const auto loaded = device->load(kernel, device->compile(kernel));
    for (const std::int64_t bytes : {0, 1, 65, 1 << 20, 16, 16 << 20}) {
        std::string result(32, 0);
        const std::int64_t* size = &bytes;
        const void* arguments[2] = {size, result.data()};
        kernel.launch.shared_bytes = bytes;
        device->launch(*loaded, kernel.launch, 32, arguments, sizeof(arguments), nullptr);
        CHECK_MESSAGE(result == std::string(32, 1), bytes);
    }
}

TEST_CASE("cpu device: several threads launch at once") {
    const auto device = make_cpu_device();
    const Kernel kernel = scale_kernel();
    const auto loaded = device->load(kernel, device->compile(kernel));
    std::vector<std::vector<float>> data(4, std::vector<float>(20 * 1000, 1));
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < data.size(); ++t) {
        threads.emplace_back([&, t] {
            const Scale arguments{data[t].data(), 1000, static_cast<float>(t + 1)};
            for (int i = 0; i < 5; ++i)
                device->launch(*loaded, kernel.launch, 20, &arguments, sizeof(arguments), nullptr);
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t t = 0; t < data.size(); ++t) {
        const auto factor = static_cast<float>(t + 1);
        CHECK(data[t] == std::vector<float>(20 * 1000, factor * factor * factor * factor * factor));
    }
}

TEST_CASE("cpu device: a kernel survives the device's binary, and errors name what is wrong") {
    const auto device = make_cpu_device();
    Kernel kernel = scale_kernel();
    Binary binary = device->compile(kernel);
    const auto loaded = device->load(kernel, binary);
    binary.bytes.assign(binary.bytes.size(), std::byte{0});
    std::vector<float> x(1000, 2);
    const Scale arguments{x.data(), 1000, 2};
    device->launch(*loaded, kernel.launch, 1, &arguments, sizeof(arguments), nullptr);
    CHECK(x == std::vector<float>(1000, 4));
    CHECK_THROWS_AS(device->load(kernel, binary), DeviceError);
    kernel.source = "extern \"C\" void scale() { missing(); }";
    CHECK(test::message_of<CompileError>([&] { device->compile(kernel); }).find("scale.cpp:1") !=
          std::string::npos);
}

TEST_CASE("cpu device: the key of a binary changes with everything that changes the binary") {
    const auto device = make_cpu_device();
    const Kernel kernel = scale_kernel();
    Kernel other = kernel;
    CHECK(binary_key(*device, kernel) == binary_key(*make_cpu_device({.threads = 1}), other));
    other.source += " ";
    CHECK(binary_key(*device, kernel) != binary_key(*device, other));
    other = kernel;
    other.entry = "scales";
    CHECK(binary_key(*device, kernel) != binary_key(*device, other));
    CHECK(binary_key(*device, kernel) != binary_key(*make_cpu_device({.debug_lines = true}), kernel));
}

TEST_CASE("cpu device: memory is aligned to 256 bytes, and too much of it is a DeviceError") {
    const auto device = make_cpu_device();
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{1} << 24}) {
        void* memory = device->allocate(bytes);
        CHECK(reinterpret_cast<std::uintptr_t>(memory) % 256 == 0);
        std::memset(memory, 1, bytes);
        device->free(memory);
    }
    CHECK_THROWS_AS(device->allocate(std::size_t{1} << 60), DeviceError);
    CHECK_THROWS_AS(device->allocate(~std::size_t{0}), DeviceError);
    int from = 7, to = 0;
    void* memory = device->allocate(sizeof(int));
    device->copy_in(memory, &from, sizeof(int));
    device->copy_out(&to, memory, sizeof(int));
    device->free(memory);
    CHECK(to == 7);
}

TEST_CASE("cpu device: time() runs the work once per sample after a warm-up, with cold caches") {
    const auto device = make_cpu_device();
    int runs = 0;
    CHECK(device->time([&] { ++runs; }, 5).size() == 5);
    CHECK(runs == 6);

    // 256 KiB are in the L2 cache when they are touched again, and come from memory when time() touches them.
    std::vector<float> data((256 << 10) / sizeof(float), 1.0f);
    const auto touch = [&] {
        volatile float* values = data.data();
        for (std::size_t i = 0; i < data.size(); i += 16) values[i] = values[i] + 1;
    };
    touch();
    std::vector<double> warm, cold = device->time(touch, 15);
    for (int i = 0; i < 15; ++i) {
        const auto start = std::chrono::steady_clock::now();
        touch();
        warm.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(cold.begin(), cold.end());
    std::sort(warm.begin(), warm.end());
    MESSAGE("cold " << cold[7] << " ms, warm " << warm[7] << " ms");
    CHECK(cold[7] > warm[7]);
}

TEST_CASE("cpu device: bandwidth and peak are plausible") {
    const auto device = make_cpu_device();
    const double bandwidth = device->copy_bandwidth(), peak = device->peak_flops();
    MESSAGE("copy " << bandwidth * 1e-9 << " GB/s, peak " << peak * 1e-9 << " GFLOP/s");
    CHECK(bandwidth > 1e9);
    CHECK(bandwidth < 2e12);
    CHECK(peak > 1e9);
    CHECK(peak < 1e14);
    // Other programs must not lower it: a peak that is too low makes every kernel look good.
    const double again = device->peak_flops();
    CHECK(again > 0.7 * peak);
    CHECK(again < 1.4 * peak);
}
