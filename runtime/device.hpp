#pragma once
// A device that compiles, loads and launches kernels. One implementation per backend: cuda, cpu, emulator.

#include "codegen/program.hpp"
#include "codegen/target.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace chela {

/// Machine code of one kernel.
struct Binary {
    std::string key;              ///< digest of source, target, options and compiler version
    std::vector<std::byte> bytes; ///< cubin, or an object file of the host
    std::string log;              ///< what the compiler printed
    double compile_ms = 0;        ///< 0 where it came from the cache
};

/// A kernel ready to launch on one device. Thread-safe, shared.
class LoadedKernel {
  public:
    virtual ~LoadedKernel() = default;
};

/// A tensor as the tensor memory accelerator sees it, innermost dimension first, with the box that is copied
/// at once in the swizzle of 128 bytes; elements outside the tensor are zeros.
struct BoxedTensor {
    const void* address = nullptr;
    int element_bytes = 2, rank = 0;
    std::array<std::uint64_t, 5> extents{};
    std::array<std::uint64_t, 4> strides{}; ///< bytes, of the dimensions from the second on
    std::array<std::uint32_t, 5> box{};
};
/// Opaque, as the kernels' parameters hold it.
struct alignas(128) TensorMap {
    std::array<std::uint64_t, 16> opaque{};
};

/// The caller's CUstream on cuda (null: the default stream); ignored on cpu and emulator, which are
/// synchronous.
using Stream = void*;

class Device {
  public:
    virtual ~Device() = default;
    virtual Target target() const = 0;
    virtual std::string name() const = 0; ///< "NVIDIA H200", "AMD EPYC 9655 (2 threads, avx512f)"
    virtual std::string
    toolchain() const = 0; ///< everything besides source and target that changes the binary

    /// Compiles without touching the device or the cache. Thread-safe. Throws CompileError.
    virtual Binary compile(const Kernel&) const = 0;
    /// Throws DeviceError.
    virtual std::shared_ptr<LoadedKernel> load(const Kernel&, const Binary&) = 0;
    /// `grid` blocks; `arguments` is the argument block. Asynchronous on cuda. Throws DeviceError.
    virtual void launch(LoadedKernel&, const LaunchPlan&, std::int64_t grid, const void* arguments,
                        std::size_t argument_bytes, Stream) = 0;

    /// Throws DeviceError where the device has no such accelerator, or cannot map the tensor.
    virtual TensorMap map(const BoxedTensor&) const;

    // Memory, for the commands and the tuner; an embedder brings his own.
    virtual void* allocate(std::size_t bytes) = 0; ///< at least 256-byte aligned; throws DeviceError
    virtual void free(void*) noexcept = 0;
    /// Sets every byte. Devices that can do it without a copy from the host override it.
    virtual void fill(void* device, std::byte value, std::size_t bytes) {
        const std::vector<std::byte> host(bytes, value);
        copy_in(device, host.data(), bytes);
    }
    virtual void copy_in(void* device, const void* host, std::size_t bytes) = 0;
    virtual void copy_out(void* host, const void* device, std::size_t bytes) = 0;
    virtual void synchronize() = 0; ///< throws DeviceError on an error of an earlier launch
    virtual std::size_t total_memory() const = 0;

    /// Milliseconds of each of `samples` runs of `work`, caches flushed or buffers cold before each.
    virtual std::vector<double> time(const std::function<void()>& work, int samples) = 0;
    /// Milliseconds of one of `works`, which are launched back to back in a captured graph; one figure for
    /// each of `samples` runs of the graph. Empty where the device has no graphs.
    virtual std::vector<double> time_graph(const std::vector<std::function<void(Stream)>>& /*works*/,
                                           int /*samples*/) {
        return {};
    }
    /// Bytes of the cache before memory, 0 where unknown.
    virtual std::size_t cache_bytes() const { return 0; }
    /// Bytes per second of a large copy, read plus written.
    virtual double copy_bandwidth() = 0;
    /// fp32 FMA operations per second of all cores, measured (cpu), or 0 where unknown.
    virtual double peak_flops() = 0;
};

} // namespace chela
