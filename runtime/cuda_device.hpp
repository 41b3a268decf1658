#pragma once
// An NVIDIA GPU: cubins are loaded into a context and launched on the caller's stream.

#include "runtime/cuda_context.hpp"
#include "runtime/device.hpp"

namespace chela {

/// What the loader says about a kernel on this device.
struct LoadedKernelResources {
    int registers = 0;
    int local_bytes = 0; ///< per thread: spills and arrays that are indexed at run time
    int static_shared_bytes = 0;
    int max_threads_per_block = 0;
};

/// Turns a kernel into a cubin for the device's architecture, and says with what.
struct CudaCompiler {
    std::function<Binary(const Kernel&, const Target&)> compile; ///< thread-safe; throws CompileError
    std::string version;                                         ///< "NVRTC 13.0.48"
};

class CudaDevice final : public Device {
  public:
    /// Throws DeviceError where the device is older than compute capability 8.0.
    CudaDevice(std::shared_ptr<const CudaContext>, CudaCompiler);

    Target target() const override { return target_; }
    std::string name() const override { return name_; }
    std::string toolchain() const override;

    Binary compile(const Kernel& kernel) const override { return compiler_.compile(kernel, target_); }
    std::shared_ptr<LoadedKernel> load(const Kernel&, const Binary&) override;
    void launch(LoadedKernel&, const LaunchPlan&, std::int64_t grid, const void* arguments,
                std::size_t argument_bytes, Stream) override;
    TensorMap map(const BoxedTensor&) const override;

    void* allocate(std::size_t bytes) override;
    void free(void*) noexcept override;
    void fill(void* device, std::byte value, std::size_t bytes) override;
    void copy_in(void* device, const void* host, std::size_t bytes) override;
    void copy_out(void* host, const void* device, std::size_t bytes) override;
    void synchronize() override;
    std::size_t total_memory() const override { return total_memory_; }

    std::vector<double> time(const std::function<void()>& work, int samples) override;
    std::vector<double> time_graph(const std::vector<std::function<void(Stream)>>& works,
                                   int samples) override;
    std::size_t cache_bytes() const override { return l2_bytes_; }
    double copy_bandwidth() override;
    double peak_flops() override { return 0; }

    LoadedKernelResources resources(const LoadedKernel&) const;

  private:
    const CudaDriver& driver() const { return context_->driver(); }
    std::shared_ptr<const CudaContext> context_;
    CudaCompiler compiler_;
    Target target_;
    std::string name_;
    std::size_t total_memory_ = 0;
    std::size_t l2_bytes_ = 0;
};

/// sm_80 … sm_89 as they are; from 9.0 the architecture-specific target (sm_90a), which has the instructions
/// that make the generation fast. Throws DeviceError below 8.0.
Target cuda_target(int major, int minor);

} // namespace chela
