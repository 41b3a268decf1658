#pragma once
// The CUDA driver, opened with dlopen: chela starts, and says why CUDA is missing, on machines that have
// none. What chela uses of the driver API is declared here, so that cuda.h is not needed to build.

#include "codegen/error.hpp"
#include "runtime/dynamic_library.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace chela::cuda {

using Result = int;
using DeviceHandle = int;
using DevicePointer = unsigned long long;
using Context = struct ContextTag*;
using Module = struct ModuleTag*;
using Function = struct FunctionTag*;
using StreamHandle = struct StreamTag*;
using Event = struct EventTag*;
using Graph = struct GraphTag*;
using GraphExecutable = struct GraphExecutableTag*;

inline constexpr Result success = 0;

enum class DeviceAttribute : int {
    multiprocessor_count = 16,
    l2_cache_bytes = 38,
    compute_capability_major = 75,
    compute_capability_minor = 76,
    max_shared_bytes_per_block_opt_in = 97,
};

enum class FunctionAttribute : int {
    max_threads_per_block = 0,
    static_shared_bytes = 1,
    local_bytes = 3,
    registers = 4,
    max_dynamic_shared_bytes = 8,
    non_portable_cluster_size_allowed = 14,
};

/// CUlaunchAttribute, for the attributes that chela sets.
struct LaunchAttribute {
    static constexpr int cluster_dimension = 4, programmatic_stream_serialization = 6;
    int id = 0;
    char padding[4] = {};
    unsigned value = 1, y = 1, z = 1; ///< a flag, or the blocks of a cluster
    char unused[52] = {};
};

/// CUlaunchConfig.
struct LaunchConfig {
    unsigned grid_x = 1, grid_y = 1, grid_z = 1;
    unsigned block_x = 1, block_y = 1, block_z = 1;
    unsigned shared_bytes = 0;
    StreamHandle stream = nullptr;
    LaunchAttribute* attributes = nullptr;
    unsigned attribute_count = 0;
};

/// Of cuTensorMapEncodeTiled.
enum class TensorMapType : int { bits16 = 1, bits32 = 2 }; ///< unsigned integers: bits are copied
inline constexpr int no_interleave = 0, swizzle_128_bytes = 3, promote_to_256_bytes = 3, fill_zeros = 0;

} // namespace chela::cuda

namespace chela {

class CudaDriver;

/// One function of the driver. Calling it throws DeviceError with the call, the error's name and its text.
template <class... Parameters>
class DriverCall {
  public:
    DriverCall(const CudaDriver& driver, const char* symbol);
    void operator()(Parameters... parameters) const;
    /// Without the check, for destructors and for errors that are expected.
    cuda::Result result(Parameters... parameters) const noexcept { return function_(parameters...); }

  private:
    const CudaDriver& driver_;
    const char* symbol_;
    cuda::Result (*function_)(Parameters...) = nullptr;
};

class CudaDriver {
  public:
    struct Loaded {
        std::shared_ptr<const CudaDriver> driver; ///< null where there is no driver or no device
        std::string why;                          ///< and then the reason, a sentence to its full stop
    };
    /// Opens libcuda and initialises it. Never throws, whatever the machine lacks.
    static Loaded try_load(const std::string& library = "libcuda.so.1");

    int device_count() const;
    /// "13.0": the newest CUDA that the driver supports.
    std::string version() const;
    int attribute(cuda::DeviceAttribute, cuda::DeviceHandle) const;
    /// Throws DeviceError naming the call, e.g. "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY (out of memory)".
    [[noreturn]] void fail(const char* symbol, cuda::Result) const;

  private:
    struct Key {};
    DynamicLibrary library_; // before the calls, which are looked up in it

  public:
    CudaDriver(Key, DynamicLibrary library) : library_(std::move(library)) {}
    CudaDriver(const CudaDriver&) = delete;
    void* symbol(const char* name) const; ///< throws DeviceError: the driver is older than the function

    DriverCall<cuda::Result, const char**> cuGetErrorName{*this, "cuGetErrorName"};
    DriverCall<cuda::Result, const char**> cuGetErrorString{*this, "cuGetErrorString"};

    DriverCall<unsigned> cuInit{*this, "cuInit"};
    DriverCall<int*> cuDriverGetVersion{*this, "cuDriverGetVersion"};
    DriverCall<int*> cuDeviceGetCount{*this, "cuDeviceGetCount"};
    DriverCall<cuda::DeviceHandle*, int> cuDeviceGet{*this, "cuDeviceGet"};
    DriverCall<char*, int, cuda::DeviceHandle> cuDeviceGetName{*this, "cuDeviceGetName"};
    DriverCall<int*, int, cuda::DeviceHandle> cuDeviceGetAttribute{*this, "cuDeviceGetAttribute"};
    DriverCall<std::size_t*, cuda::DeviceHandle> cuDeviceTotalMem{*this, "cuDeviceTotalMem_v2"};

    DriverCall<cuda::Context*, cuda::DeviceHandle> cuDevicePrimaryCtxRetain{*this,
                                                                            "cuDevicePrimaryCtxRetain"};
    DriverCall<cuda::DeviceHandle> cuDevicePrimaryCtxRelease{*this, "cuDevicePrimaryCtxRelease_v2"};
    DriverCall<cuda::Context*> cuCtxGetCurrent{*this, "cuCtxGetCurrent"};
    DriverCall<cuda::Context> cuCtxPushCurrent{*this, "cuCtxPushCurrent_v2"};
    DriverCall<cuda::Context*> cuCtxPopCurrent{*this, "cuCtxPopCurrent_v2"};
    DriverCall<cuda::DeviceHandle*> cuCtxGetDevice{*this, "cuCtxGetDevice"};
    DriverCall<> cuCtxSynchronize{*this, "cuCtxSynchronize"};

    DriverCall<cuda::Module*, const void*> cuModuleLoadData{*this, "cuModuleLoadData"};
    DriverCall<cuda::Module> cuModuleUnload{*this, "cuModuleUnload"};
    DriverCall<cuda::Function*, cuda::Module, const char*> cuModuleGetFunction{*this, "cuModuleGetFunction"};
    DriverCall<int*, int, cuda::Function> cuFuncGetAttribute{*this, "cuFuncGetAttribute"};
    DriverCall<cuda::Function, int, int> cuFuncSetAttribute{*this, "cuFuncSetAttribute"};
    DriverCall<cuda::Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
               cuda::StreamHandle, void**, void**>
        cuLaunchKernel{*this, "cuLaunchKernel"};
    DriverCall<const cuda::LaunchConfig*, cuda::Function, void**, void**> cuLaunchKernelEx{
        *this, "cuLaunchKernelEx"};

    DriverCall<void*, cuda::TensorMapType, unsigned, void*, const std::uint64_t*, const std::uint64_t*,
               const std::uint32_t*, const std::uint32_t*, int, int, int, int>
        cuTensorMapEncodeTiled{*this, "cuTensorMapEncodeTiled"};

    DriverCall<std::size_t*, std::size_t*> cuMemGetInfo{*this, "cuMemGetInfo_v2"};
    DriverCall<cuda::DevicePointer*, std::size_t> cuMemAlloc{*this, "cuMemAlloc_v2"};
    DriverCall<cuda::DevicePointer> cuMemFree{*this, "cuMemFree_v2"};
    DriverCall<cuda::DevicePointer, const void*, std::size_t> cuMemcpyHtoD{*this, "cuMemcpyHtoD_v2"};
    DriverCall<void*, cuda::DevicePointer, std::size_t> cuMemcpyDtoH{*this, "cuMemcpyDtoH_v2"};
    DriverCall<cuda::DevicePointer, cuda::DevicePointer, std::size_t, cuda::StreamHandle> cuMemcpyDtoDAsync{
        *this, "cuMemcpyDtoDAsync_v2"};
    DriverCall<cuda::DevicePointer, unsigned char, std::size_t, cuda::StreamHandle> cuMemsetD8Async{
        *this, "cuMemsetD8Async"};

    DriverCall<cuda::StreamHandle*, unsigned> cuStreamCreate{*this, "cuStreamCreate"};
    DriverCall<cuda::StreamHandle> cuStreamDestroy{*this, "cuStreamDestroy_v2"};
    DriverCall<cuda::StreamHandle> cuStreamSynchronize{*this, "cuStreamSynchronize"};
    DriverCall<cuda::StreamHandle, int> cuStreamBeginCapture{*this, "cuStreamBeginCapture_v2"};
    DriverCall<cuda::StreamHandle, cuda::Graph*> cuStreamEndCapture{*this, "cuStreamEndCapture"};
    DriverCall<cuda::GraphExecutable*, cuda::Graph, unsigned long long> cuGraphInstantiate{
        *this, "cuGraphInstantiateWithFlags"};
    DriverCall<cuda::GraphExecutable, cuda::StreamHandle> cuGraphLaunch{*this, "cuGraphLaunch"};
    DriverCall<cuda::GraphExecutable> cuGraphExecDestroy{*this, "cuGraphExecDestroy"};
    DriverCall<cuda::Graph> cuGraphDestroy{*this, "cuGraphDestroy"};
    DriverCall<cuda::Event*, unsigned> cuEventCreate{*this, "cuEventCreate"};
    DriverCall<cuda::Event> cuEventDestroy{*this, "cuEventDestroy_v2"};
    DriverCall<cuda::Event, cuda::StreamHandle> cuEventRecord{*this, "cuEventRecord"};
    DriverCall<cuda::Event> cuEventSynchronize{*this, "cuEventSynchronize"};
    DriverCall<float*, cuda::Event, cuda::Event> cuEventElapsedTime{*this, "cuEventElapsedTime"};
};

template <class... Parameters>
DriverCall<Parameters...>::DriverCall(const CudaDriver& driver, const char* symbol)
    : driver_(driver), symbol_(symbol),
      function_(reinterpret_cast<cuda::Result (*)(Parameters...)>(driver.symbol(symbol))) {}

template <class... Parameters>
void DriverCall<Parameters...>::operator()(Parameters... parameters) const {
    if (const cuda::Result result = function_(parameters...); result != cuda::success) {
        driver_.fail(symbol_, result);
    }
}

} // namespace chela
