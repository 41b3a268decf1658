// How long a kernel takes from text to callable: NVRTC, Clang, and the binary cache that spares both.
//   build/bench/compile_time                               sources of a few hundred lines, made up here
//   build/bench/compile_time --source FILE [--arch sm_90a] a source as `chela inspect --emit source` prints
//   it
// A file that ends in .cpp or .h is compiled by Clang for this processor, any other by NVRTC.

#include "bench/provenance_context.hpp"
#include "codegen/error.hpp"
#include "runtime/binary_cache.hpp"
#include "runtime/clang_compiler.hpp"
#include "runtime/cpu_device.hpp"
#include "runtime/digest.hpp"
#include "runtime/jit.hpp"
#include "runtime/nvrtc.hpp"

#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <unistd.h>

namespace {

using namespace chela;

// A tiled product in registers: about as much work for a compiler as a kernel of chela's.
std::string cuda_source() {
    return R"(
struct Arguments { const float* a; const float* b; float* c; int n; };
template <int tile, int columns> __device__ void product(const Arguments& arguments) {
    __shared__ float a[tile][tile + 1], b[tile][tile + 1];
    float sums[columns] = {};
    for (int k = 0; k < arguments.n; k += tile) {
        for (int i = threadIdx.x; i < tile * tile; i += 256) {
            a[i / tile][i % tile] = arguments.a[(blockIdx.x * tile + i / tile) * arguments.n + k + i % tile];
            b[i / tile][i % tile] = arguments.b[(k + i / tile) * arguments.n + i % tile];
        }
        __syncthreads();
#pragma unroll 8
        for (int j = 0; j < tile; ++j) {
#pragma unroll
            for (int i = 0; i < columns; ++i) sums[i] += a[threadIdx.x / 4][j] * b[j][threadIdx.x % 4 * columns + i];
        }
        __syncthreads();
    }
    for (int i = 0; i < columns; ++i)
        arguments.c[(blockIdx.x * tile + threadIdx.x / 4) * arguments.n + threadIdx.x % 4 * columns + i] = sums[i];
}
extern "C" __global__ void __launch_bounds__(256) kernel(const __grid_constant__ Arguments arguments) {
    product<64, 16>(arguments);
}
)";
}

std::string cpu_source() {
    return R"(
typedef float Vector __attribute__((vector_size(64)));
template <int rows, int columns> void product(const float* a, const float* b, float* c, int n) {
    Vector sums[rows][columns] = {};
    for (int k = 0; k < n; ++k) {
        for (int i = 0; i < rows; ++i) {
            for (int j = 0; j < columns; ++j)
                sums[i][j] += a[i * n + k] * reinterpret_cast<const Vector*>(b + k * n)[j];
        }
    }
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) reinterpret_cast<Vector*>(c + i * n)[j] = sums[i][j];
    }
}
struct Arguments { const float* a; const float* b; float* c; int n; };
extern "C" void kernel(const void* block, long long index, void*) {
    const Arguments& a = *static_cast<const Arguments*>(block);
    product<6, 4>(a.a + index * a.n, a.b, a.c + index * a.n, a.n);
    product<4, 2>(a.a + index * a.n, a.b, a.c + index * a.n, a.n);
    product<1, 8>(a.a + index * a.n, a.b, a.c + index * a.n, a.n);
}
)";
}

// NVRTC keeps nothing between programs, but another text each time is sure to be cold.
std::string distinct(const std::string& source) {
    static int number = 0;
    return source + "\n// " + std::to_string(++number) + "\n";
}

std::optional<Nvrtc> nvrtc;

void nvrtc_cold(benchmark::State& state, const std::string& source, const Target& target) {
    nvrtc->compile(distinct(source), "kernel.cu", target); // the library's own start, once per process
    for (auto _ : state) {
        benchmark::DoNotOptimize(nvrtc->compile(distinct(source), "kernel.cu", target));
    }
}

void clang_cold(benchmark::State& state, const std::string& source) {
    for (auto _ : state) benchmark::DoNotOptimize(compile_host_object(distinct(source), "kernel.cpp"));
}

// The name of the function that the source defines for its caller: what follows `extern "C" void`.
std::string entry_of(const std::string& source) {
    const std::string before = "extern \"C\" void ";
    const std::size_t begin = source.rfind(before);
    if (begin == std::string::npos)
        throw UserError("--source: it has no `extern \"C\" void` function to load");
    return source.substr(begin + before.size(), source.find('(', begin) - begin - before.size());
}

void jit_load(benchmark::State& state, const std::string& source) {
    const HostObject object = compile_host_object(source, "kernel.cpp");
    const std::string entry = entry_of(source);
    for (auto _ : state) {
        const JitModule module(object.bytes);
        benchmark::DoNotOptimize(module.symbol(entry));
    }
}

void cache_load(benchmark::State& state, std::size_t bytes) {
    const auto folder = std::filesystem::temp_directory_path() / ("chela-bench-" + std::to_string(getpid()));
    BinaryCache cache(folder);
    const Binary binary{Digest().add("bench").hex(), std::vector<std::byte>(bytes, std::byte{1}), "log", 0};
    cache.store(binary);
    for (auto _ : state) {
        if (!cache.find(binary.key)) state.SkipWithError("it was not found");
    }
    std::filesystem::remove_all(folder);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw UserError("--source " + path + ": cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

// Compilers work on threads of their own: count their processor time too.
void in_milliseconds(benchmark::internal::Benchmark* benchmark) {
    benchmark->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
}

void register_benchmarks(const std::string& path, const std::string& architecture) {
    const bool for_cpu = path.ends_with(".cpp") || path.ends_with(".h");
    const std::string cpu = for_cpu ? read_file(path) : cpu_source();
    const std::string cuda = !for_cpu && !path.empty() ? read_file(path) : cuda_source();
    if (path.empty() || for_cpu) {
        benchmark::RegisterBenchmark("clang/cold", clang_cold, cpu)->Apply(in_milliseconds);
        benchmark::RegisterBenchmark("clang/load", jit_load, cpu)->Apply(in_milliseconds);
    }
    if (path.empty() || !for_cpu) {
        try {
            ToolSearch search;
            search.cuda_home = environment("CUDA_HOME");
            search.path = environment("PATH");
            nvrtc.emplace(search);
            benchmark::RegisterBenchmark(("nvrtc/cold/" + architecture).c_str(), nvrtc_cold, cuda,
                                         Target::parse(architecture))
                ->Apply(in_milliseconds);
        } catch (const DeviceError& error) {
            std::fprintf(stderr, "SKIP nvrtc: %s\n", error.what());
        }
    }
    for (const std::size_t bytes : {std::size_t{20'000}, std::size_t{200'000}}) {
        benchmark::RegisterBenchmark(("cache/load/" + std::to_string(bytes)).c_str(), cache_load, bytes)
            ->Apply(in_milliseconds);
    }
}

} // namespace

int main(int count, char** words) {
    benchmark::Initialize(&count, words);
    std::string source, architecture = "sm_90a";
    for (int i = 1; i < count; i += 2) {
        const std::string word = words[i];
        if (i + 1 == count || (word != "--source" && word != "--arch")) {
            std::fprintf(stderr, "compile_time [--source FILE] [--arch sm_90a] [--benchmark_…]; not: %s\n",
                         words[i]);
            return 2;
        }
        (word == "--source" ? source : architecture) = words[i + 1];
    }
    try {
        add_provenance();
        register_benchmarks(source, architecture);
        benchmark::RunSpecifiedBenchmarks();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
}
