#include "runtime/cpu_device.hpp"

#include "codegen/error.hpp"
#include "runtime/binary_cache.hpp"
#include "runtime/block_pool.hpp"
#include "runtime/clang_compiler.hpp"
#include "runtime/cpu_measure.hpp"
#include "runtime/digest.hpp"
#include "runtime/fftw.hpp"
#include "runtime/jit.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <mutex>
#include <optional>
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

struct CpuKernel : LoadedKernel {
    CpuKernel(const Kernel& kernel, const Binary& binary)
        : module(binary.bytes, fftw_symbols(kernel.source)),
          function(reinterpret_cast<BlockPool::Function>(module.symbol(kernel.entry))) {}
    JitModule module;
    BlockPool::Function function;
};

class CpuDevice : public Device {
  public:
    explicit CpuDevice(const CpuDeviceOptions& options) : pool_(options.threads) {
        compile_options_.debug_lines = options.debug_lines;
        const char* vectors = host_has("avx512f") ? "avx512f" : host_has("avx2") ? "avx2" : "sse2";
        name_ = fmt::format("{} ({} threads, {})", processor_model(), pool_.threads(), vectors);
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
        pool_.run(static_cast<CpuKernel&>(loaded).function, grid, arguments,
                  static_cast<std::size_t>(plan.shared_bytes));
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
            flush_->run(pool_.arena());
            const auto start = std::chrono::steady_clock::now();
            work();
            const auto end = std::chrono::steady_clock::now();
            milliseconds.push_back(std::chrono::duration<double, std::milli>(end - start).count());
        }
        return milliseconds;
    }
    double copy_bandwidth() override {
        const std::lock_guard lock(measuring_);
        return measure_copy_bandwidth(pool_.arena());
    }
    double peak_flops() override {
        const std::lock_guard lock(measuring_);
        return measure_peak_flops(pool_.arena());
    }

  private:
    HostCompileOptions compile_options_;
    BlockPool pool_;
    std::string name_;
    std::string toolchain_;
    std::mutex measuring_;
    std::optional<CacheFlush> flush_;
};

} // namespace

std::unique_ptr<Device> make_cpu_device(const CpuDeviceOptions& options) {
    return std::make_unique<CpuDevice>(options);
}

} // namespace chela
