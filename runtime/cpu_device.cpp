#include "runtime/cpu_device.hpp"

#include "codegen/error.hpp"
#include "runtime/binary_cache.hpp"
#include "runtime/clang_compiler.hpp"
#include "runtime/cpu_measure.hpp"
#include "runtime/digest.hpp"
#include "runtime/jit.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <mutex>
#include <optional>
#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <unistd.h>

namespace chela {

namespace {

std::string processor_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("model name")) continue;
        const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
        if (begin != std::string::npos) return line.substr(begin);
    }
    return host_cpu();
}

void* allocate_aligned(std::size_t alignment, std::size_t bytes) {
    const std::size_t rounded = std::max(bytes, std::size_t{1}) + alignment - 1;
    void* memory = rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded / alignment * alignment);
    if (!memory) throw DeviceError(fmt::format("out of memory: {} bytes", bytes));
    return memory;
}

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

/// Scratch memory of one thread: kept between blocks and launches, grown when a kernel needs more.
class Scratch {
  public:
    void* reserve(std::size_t bytes) {
        if (bytes > capacity_) {
            memory_.reset();
            capacity_ = 0;
            memory_.reset(allocate_aligned(64, bytes));
            capacity_ = bytes;
        }
        return memory_.get();
    }

  private:
    std::unique_ptr<void, Free> memory_;
    std::size_t capacity_ = 0;
};

struct CpuKernel : LoadedKernel {
    using Function = void (*)(const void* arguments, long long block, void* scratch);
    CpuKernel(const Kernel& kernel, const Binary& binary)
        : module(binary.bytes), function(reinterpret_cast<Function>(module.symbol(kernel.entry))) {}
    JitModule module;
    Function function;
};

class CpuDevice : public Device {
  public:
    explicit CpuDevice(const CpuDeviceOptions& options)
        : arena_(options.threads > 0 ? std::min(options.threads, tbb::this_task_arena::max_concurrency())
                                     : int{tbb::task_arena::automatic}) {
        if (options.threads < 0) {
            throw UserError(
                fmt::format("threads = {}: give 1 or more, or 0 for every processor", options.threads));
        }
        compile_options_.debug_lines = options.debug_lines;
        arena_.initialize();
        const char* vectors = host_has("avx512f") ? "avx512f" : host_has("avx2") ? "avx2" : "sse2";
        name_ = fmt::format("{} ({} threads, {})", processor_model(), arena_.max_concurrency(), vectors);
        Digest features;
        for (const auto& [feature, present] : host_features()) features.add(feature).add(present ? "+" : "-");
        toolchain_ = fmt::format("{}, {}, features {}, -O{}{}", clang_version(), host_cpu(),
                                 features.hex().substr(0, 8), compile_options_.optimization,
                                 options.debug_lines ? " with lines" : "");
    }

    Target target() const override { return {Backend::cpu}; }
    std::string name() const override { return name_; }
    std::string toolchain() const override { return toolchain_; }

    Binary compile(const Kernel& kernel) const override {
        HostObject object = compile_host_object(kernel.source, kernel.entry + ".cpp", compile_options_);
        return {binary_key(*this, kernel), std::move(object.bytes), std::move(object.log), object.compile_ms};
    }

    std::shared_ptr<LoadedKernel> load(const Kernel& kernel, const Binary& binary) override {
        return std::make_shared<CpuKernel>(kernel, binary);
    }

    void launch(LoadedKernel& loaded, const LaunchPlan& plan, std::int64_t grid, const void* arguments,
                std::size_t, Stream) override {
        const CpuKernel::Function function = static_cast<CpuKernel&>(loaded).function;
        const auto scratch_bytes = static_cast<std::size_t>(plan.shared_bytes);
        arena_.execute([&] {
            tbb::parallel_for(
                tbb::blocked_range<std::int64_t>(0, grid, 1),
                [&](const tbb::blocked_range<std::int64_t>& blocks) {
                    void* scratch = scratch_bytes ? scratch_.local().reserve(scratch_bytes) : nullptr;
                    for (std::int64_t block = blocks.begin(); block != blocks.end(); ++block) {
                        function(arguments, block, scratch);
                    }
                },
                tbb::simple_partitioner()); // every block a task: blocks are few and long
        });
    }

    void* allocate(std::size_t bytes) override { return allocate_aligned(256, bytes); }
    void free(void* memory) noexcept override { std::free(memory); }
    void copy_in(void* device, const void* host, std::size_t bytes) override {
        std::memcpy(device, host, bytes);
    }
    void copy_out(void* host, const void* device, std::size_t bytes) override {
        std::memcpy(host, device, bytes);
    }
    void synchronize() override {}
    std::size_t total_memory() const override {
        return static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
               static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    }

    std::vector<double> time(const std::function<void()>& work, int samples) override {
        const std::lock_guard lock(measuring_);
        if (!flush_) flush_.emplace();
        work(); // loads pages and wakes threads
        std::vector<double> milliseconds;
        for (int sample = 0; sample < samples; ++sample) {
            flush_->run(arena_);
            const auto start = std::chrono::steady_clock::now();
            work();
            const auto end = std::chrono::steady_clock::now();
            milliseconds.push_back(std::chrono::duration<double, std::milli>(end - start).count());
        }
        return milliseconds;
    }
    double copy_bandwidth() override {
        const std::lock_guard lock(measuring_);
        return measure_copy_bandwidth(arena_);
    }
    double peak_flops() override {
        const std::lock_guard lock(measuring_);
        return measure_peak_flops(arena_);
    }

  private:
    HostCompileOptions compile_options_;
    tbb::task_arena arena_;
    std::string name_;
    std::string toolchain_;
    tbb::enumerable_thread_specific<Scratch> scratch_;
    std::mutex measuring_;
    std::optional<CacheFlush> flush_;
};

} // namespace

std::unique_ptr<Device> make_cpu_device(const CpuDeviceOptions& options) {
    return std::make_unique<CpuDevice>(options);
}

} // namespace chela
