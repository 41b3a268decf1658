#include "runtime/cpu_measure.hpp"

#include "runtime/clang_compiler.hpp"
#include "runtime/jit.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

namespace chela {

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

template <class Work>
void on_all_threads(tbb::task_arena& arena, std::size_t tasks, const Work& work) {
    arena.execute([&] {
        tbb::parallel_for(
            tbb::blocked_range<std::size_t>(0, tasks, 1),
            [&](const auto& range) {
                for (std::size_t i = range.begin(); i != range.end(); ++i) work(i);
            },
            tbb::simple_partitioner());
    });
}

template <class Work>
double seconds(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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

} // namespace

std::size_t last_level_cache_bytes() {
    const long size = std::max(
        {sysconf(_SC_LEVEL4_CACHE_SIZE), sysconf(_SC_LEVEL3_CACHE_SIZE), sysconf(_SC_LEVEL2_CACHE_SIZE)});
    return size > 0 ? static_cast<std::size_t>(size) : 32 * mebibyte;
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
    const std::size_t bytes = std::clamp(4 * last_level_cache_bytes(), 256 * mebibyte, 1024 * mebibyte);
    const auto from = std::make_unique_for_overwrite<char[]>(bytes);
    const auto to = std::make_unique_for_overwrite<char[]>(bytes);
    const auto threads = static_cast<std::size_t>(arena.max_concurrency());
    const std::size_t part = bytes / threads; // large parts: memcpy then writes past the caches
    const auto on_parts = [&](auto work) {
        on_all_threads(arena, threads, [&](std::size_t index) { work(index * part); });
    };
    on_parts([&](std::size_t at) {
        std::memset(from.get() + at, 1, part);
        std::memset(to.get() + at, 2, part);
    });
    double best = 0;
    for (int round = 0; round < 8; ++round) {
        const double time = seconds(
            [&] { on_parts([&](std::size_t at) { std::memcpy(to.get() + at, from.get() + at, part); }); });
        best = std::max(best, 2.0 * static_cast<double>(part * threads) / time);
    }
    return best;
}

double measure_peak_flops(tbb::task_arena& arena) {
    const int vector_bytes = host_has("avx512f") ? 64 : host_has("avx") ? 32 : 16;
    // Two pipelines of latency 4 or 5 need ten sums; the sums, factor and addend must fit the registers (16,
    // or 32 with AVX-512).
    const int sums = vector_bytes == 64 ? 24 : 12;
    HostCompileOptions options;
    options.definitions = {"VECTOR_BYTES=" + std::to_string(vector_bytes), "SUMS=" + std::to_string(sums)};
    const JitModule module(compile_host_object(multiply_add_source, "multiply_add.cpp", options).bytes);
    using Function = void (*)(long long, float, float, float*);
    const auto multiply_add = reinterpret_cast<Function>(module.symbol("multiply_add"));

    constexpr long long iterations = 20000; // about a quarter of a millisecond
    const auto tasks = 64 * static_cast<std::size_t>(arena.max_concurrency());
    double best = 0;
    for (int round = 0; round < 8; ++round) {
        const double time = seconds([&] {
            on_all_threads(arena, tasks, [&](std::size_t) {
                alignas(64) float out[16];
                multiply_add(iterations, 0.5f, 1.0f, out);
            });
        });
        const double operations =
            2.0 * (vector_bytes / 4) * sums * static_cast<double>(iterations) * static_cast<double>(tasks);
        best = std::max(best, operations / time);
    }
    return best;
}

} // namespace chela
