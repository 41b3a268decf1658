// The fp32 fused multiply-add peak of all threads: the figure that kernels on the CPU are measured against.

#include <benchmark/benchmark.h>

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>

#include <immintrin.h>

namespace {

// Independent sums hide the latency of the multiply-add: at most 5 cycles, at most 2 a cycle, on every x86 so
// far.
constexpr int sums = 16;
constexpr int rounds = 1 << 17;

#pragma GCC push_options
#pragma GCC target("avx512f")
void multiply_add_avx512() {
    __m512 sum[sums] = {};
#pragma GCC unroll 16
    for (__m512& value : sum) asm volatile("" : "+v"(value)); // or the compiler sees that all sums are equal
    const __m512 factor = _mm512_set1_ps(0.999f);
    for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
        for (__m512& value : sum) value = _mm512_fmadd_ps(value, factor, factor);
    }
#pragma GCC unroll 16
    for (const __m512& value : sum) asm volatile("" : : "v"(value));
}
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma")
void multiply_add_avx2() {
    constexpr int registers = sums - 4; // of 16, one holds the factor
    __m256 sum[registers] = {};
#pragma GCC unroll 16
    for (__m256& value : sum) asm volatile("" : "+x"(value)); // or the compiler sees that all sums are equal
    const __m256 factor = _mm256_set1_ps(0.999f);
    for (int round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
        for (__m256& value : sum) value = _mm256_fmadd_ps(value, factor, factor);
    }
#pragma GCC unroll 16
    for (const __m256& value : sum) asm volatile("" : : "x"(value));
}
#pragma GCC pop_options

void fma_peak(benchmark::State& state) {
    const bool avx512 = __builtin_cpu_supports("avx512f");
    if (!avx512 && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) {
        state.SkipWithError("needs AVX2 and FMA");
        return;
    }
    // More tasks than cores: a core that is disturbed does fewer of them.
    const int tasks = 4 * tbb::info::default_concurrency();
    for (auto _ : state)
        tbb::parallel_for(0, tasks, [avx512](int) { avx512 ? multiply_add_avx512() : multiply_add_avx2(); });
    const double multiply_adds = avx512 ? 16.0 * sums : 8.0 * (sums - 4);
    state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * multiply_adds * rounds * tasks,
                                                   benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(fma_peak)->UseRealTime()->Unit(benchmark::kMillisecond);

} // namespace
