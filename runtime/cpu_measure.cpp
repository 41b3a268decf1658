#include "runtime/cpu_measure.hpp"

#include "codegen/error.hpp"
#include "runtime/clang_compiler.hpp"
#include "runtime/jit.hpp"
#include "runtime/parallel.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <time.h>
#include <utility>

namespace chela {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

template <class Work>
void on_all_threads(tbb::task_arena& arena, std::size_t tasks, const Work& work) {
    parallel(arena, static_cast<std::int64_t>(tasks), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i != end; ++i) work(static_cast<std::size_t>(i));
    });
}

template <class Work>
double seconds(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// memcpy writes past the caches only where it believes the copy to exceed them, which a hypervisor can make
// wrong.
constexpr const char* copy_source = R"(
typedef float Vector __attribute__((vector_size(VECTOR_BYTES)));

extern "C" void copy(Vector* to, const Vector* from, long long vectors) {
    for (long long i = 0; i < vectors; ++i) __builtin_nontemporal_store(from[i], to + i);
    asm volatile("sfence" ::: "memory");
}
)";

// Time that this thread was on a processor. By the clock, what else runs on the machine would lower the peak,
// and a kernel's share of it would look better than it is.
double thread_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

constexpr const char* multiply_add_source = R"(
typedef float Vector __attribute__((vector_size(VECTOR_BYTES)));

extern "C" void multiply_add(long long iterations, float factor, float addend, float* out) {
    Vector sums[SUMS];
    for (int i = 0; i < SUMS; ++i) sums[i] = Vector{} + static_cast<float>(i);
    for (long long n = 0; n < iterations; ++n) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; ++i) sums[i] = sums[i] * factor + addend;
    }
    Vector total{};
    for (int i = 0; i < SUMS; ++i) total += sums[i];
    for (int i = 0; i < VECTOR_BYTES / 4; ++i) out[i] = total[i];
}
)";

int widest_vector_bytes() { return host_has("avx512f") ? 64 : host_has("avx") ? 32 : 16; }

std::string definition(const char* name, int value) {
    return std::string(name) + "=" + std::to_string(value);
}

struct FreeBuffer {
    void operator()(char* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<char, FreeBuffer>;

Buffer make_buffer(std::size_t bytes) {
    auto* memory = static_cast<char*>(std::aligned_alloc(64, bytes));
    if (!memory) throw DeviceError("out of memory: buffers of the bandwidth measurement");
    return Buffer(memory);
}

} // namespace

std::size_t last_level_cache_bytes() {
    // sysconf reports the size of another machine's cache under some hypervisors.
    std::map<std::pair<int, std::string>, std::size_t> caches; // level and the processors that share it
    std::error_code error;
    for (int processor = 0;; ++processor) {
        const fs::path folder = fs::path("/sys/devices/system/cpu/cpu" + std::to_string(processor)) / "cache";
        if (!fs::exists(folder, error)) break;
        for (const auto& cache : fs::directory_iterator(folder, error)) {
            int level = 0;
            std::size_t kibibytes = 0;
            std::string sharers;
            std::ifstream(cache.path() / "level") >> level;
            std::ifstream(cache.path() / "size") >> kibibytes; // "32768K"
            std::ifstream(cache.path() / "shared_cpu_list") >> sharers;
            caches[{level, sharers}] = kibibytes << 10;
        }
    }
    std::size_t bytes = 0;
    for (const auto& [key, size] : caches) {
        if (key.first == caches.rbegin()->first.first) bytes += size;
    }
    return bytes > 0 ? bytes : 32 * mebibyte;
}

CacheFlush::CacheFlush()
    : buffer_(std::clamp(2 * last_level_cache_bytes(), 64 * mebibyte, 1024 * mebibyte) / sizeof(float),
              1.0f) {}

void CacheFlush::run(tbb::task_arena& arena) {
    // Reading is enough to evict, and leaves no dirty lines whose write-back the measured work would pay for.
    constexpr std::size_t part = mebibyte / sizeof(float);
    on_all_threads(arena, buffer_.size() / part, [&](std::size_t index) {
        const volatile float* values = buffer_.data() + index * part;
        for (std::size_t i = 0; i < part; i += 64 / sizeof(float)) static_cast<void>(values[i]);
    });
}

double measure_copy_bandwidth(tbb::task_arena& arena) {
    HostCompileOptions options;
    options.definitions = {definition("VECTOR_BYTES", widest_vector_bytes())};
    const JitModule module(compile_host_object(copy_source, "copy.cpp", options).bytes);
    using Function = void (*)(char*, const char*, long long);
    const auto copy = reinterpret_cast<Function>(module.symbol("copy"));

    const std::size_t bytes = std::clamp(4 * last_level_cache_bytes(), 64 * mebibyte, 1024 * mebibyte);
    const std::size_t part = 2 * mebibyte;
    const std::size_t parts = bytes / part;
    const Buffer from = make_buffer(parts * part), to = make_buffer(parts * part);
    on_all_threads(arena, parts, [&](std::size_t index) {
        std::memset(from.get() + index * part, 1, part);
        std::memset(to.get() + index * part, 2, part);
    });
    const auto vectors = static_cast<long long>(part) / widest_vector_bytes();
    double best = 0;
    for (int round = 0; round < 20; ++round) {
        const double time = seconds([&] {
            on_all_threads(arena, parts, [&](std::size_t index) {
                copy(to.get() + index * part, from.get() + index * part, vectors);
            });
        });
        best = std::max(best, 2.0 * static_cast<double>(parts * part) / time);
    }
    return best;
}

double measure_peak_flops(tbb::task_arena& arena) {
    const int vector_bytes = widest_vector_bytes();
    // Two pipelines of latency 4 or 5 need ten sums; the sums, factor and addend must fit the registers (16,
    // or 32 with AVX-512).
    const int sums = vector_bytes == 64 ? 24 : 12;
    HostCompileOptions options;
    options.definitions = {definition("VECTOR_BYTES", vector_bytes), definition("SUMS", sums)};
    const JitModule module(compile_host_object(multiply_add_source, "multiply_add.cpp", options).bytes);
    using Function = void (*)(long long, float, float, float*);
    const auto multiply_add = reinterpret_cast<Function>(module.symbol("multiply_add"));

    constexpr long long iterations = 20000; // a fraction of a millisecond
    const auto threads = static_cast<std::size_t>(arena.max_concurrency());
    const double operations_of_task = 2.0 * vector_bytes / 4 * sums * static_cast<double>(iterations);
    std::vector<double> task_seconds(32 * threads);
    std::vector<double> rates;
    for (int round = 0; round < 21; ++round) {
        on_all_threads(arena, task_seconds.size(), [&](std::size_t index) {
            alignas(64) float out[16];
            const double start = thread_seconds();
            multiply_add(iterations, 0.5f, 1.0f, out);
            task_seconds[index] = thread_seconds() - start;
        });
        const double busy = std::accumulate(task_seconds.begin(), task_seconds.end(), 0.0);
        const double operations = operations_of_task * static_cast<double>(task_seconds.size());
        rates.push_back(operations / busy * static_cast<double>(threads));
    }
    // The median: in the best round some threads may have slept, and the others had the shared resources to
    // themselves.
    std::nth_element(rates.begin(), rates.begin() + std::ssize(rates) / 2, rates.end());
    return rates[rates.size() / 2];
}

} // namespace chela
