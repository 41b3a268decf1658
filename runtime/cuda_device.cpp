#include "runtime/cuda_device.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace chela {
namespace {

constexpr std::int64_t shared_bytes_without_opt_in = 48 << 10;
constexpr int portable_cluster = 8;
constexpr std::int64_t largest_grid = std::numeric_limits<std::int32_t>::max(); // of the x dimension

struct CudaKernel final : LoadedKernel {
    CudaKernel(std::shared_ptr<const CudaContext> context_, std::string entry_)
        : context(std::move(context_)), entry(std::move(entry_)) {}
    ~CudaKernel() override {
        if (!module) return;
        const CudaContext::Scope scope(*context, std::nothrow);
        context->driver().cuModuleUnload.result(module);
    }

    std::shared_ptr<const CudaContext> context;
    std::string entry;
    cuda::Module module = nullptr;
    cuda::Function function = nullptr;
};

const CudaKernel& cuda_kernel(const LoadedKernel& kernel) { return static_cast<const CudaKernel&>(kernel); }

cuda::DevicePointer address(const void* pointer) { return reinterpret_cast<cuda::DevicePointer>(pointer); }

} // namespace

Target cuda_target(int major, int minor) {
    if (major < 8) {
        throw DeviceError(
            fmt::format("compute capability {}.{}: chela needs 8.0 (Ampere) or newer", major, minor));
    }
    return {Backend::cuda, 10 * major + minor, major >= 9};
}

CudaDevice::CudaDevice(std::shared_ptr<const CudaContext> context, CudaCompiler compiler)
    : context_(std::move(context)), compiler_(std::move(compiler)) {
    using enum cuda::DeviceAttribute;
    const cuda::DeviceHandle device = context_->device();
    std::array<char, 256> name{};
    driver().cuDeviceGetName(name.data(), static_cast<int>(name.size()), device);
    name_ = name.data();
    driver().cuDeviceTotalMem(&total_memory_, device);
    target_ = cuda_target(driver().attribute(compute_capability_major, device),
                          driver().attribute(compute_capability_minor, device));
    l2_bytes_ = static_cast<std::size_t>(driver().attribute(l2_cache_bytes, device));
    target_.multiprocessors = driver().attribute(multiprocessor_count, device);
}

std::string CudaDevice::toolchain() const {
    return fmt::format("{}, driver {}", compiler_.version, driver().version());
}

std::shared_ptr<LoadedKernel> CudaDevice::load(const Kernel& kernel, const Binary& binary) {
    const CudaContext::Scope scope(*context_);
    auto loaded = std::make_shared<CudaKernel>(context_, kernel.entry);
    driver().cuModuleLoadData(&loaded->module, binary.bytes.data());
    driver().cuModuleGetFunction(&loaded->function, loaded->module, kernel.entry.c_str());

    const LaunchPlan& plan = kernel.launch;
    if (plan.shared_bytes > shared_bytes_without_opt_in) {
        const int limit =
            driver().attribute(cuda::DeviceAttribute::max_shared_bytes_per_block_opt_in, context_->device());
        if (plan.shared_bytes > limit) {
            throw DeviceError(fmt::format("{} needs {} bytes of shared memory per block, the {} has {}",
                                          kernel.entry, plan.shared_bytes, name_, limit));
        }
        driver().cuFuncSetAttribute(loaded->function,
                                    static_cast<int>(cuda::FunctionAttribute::max_dynamic_shared_bytes),
                                    static_cast<int>(plan.shared_bytes));
    }
    if (plan.cluster > portable_cluster) {
        driver().cuFuncSetAttribute(
            loaded->function, static_cast<int>(cuda::FunctionAttribute::non_portable_cluster_size_allowed),
            1);
    }
    return loaded;
}

void CudaDevice::launch(LoadedKernel& loaded, const LaunchPlan& plan, std::int64_t grid,
                        const void* arguments,
                        std::size_t /*argument_bytes: the kernel knows its parameter's size*/,
                        Stream stream) {
    if (grid == 0) return;
    const CudaKernel& kernel = cuda_kernel(loaded);
    if (plan.resident == 0 && (grid < 0 || grid > largest_grid)) {
        throw UserError(fmt::format("{}: a grid of {} blocks ({}); CUDA launches at most {}: split the batch",
                                    kernel.entry, grid, plan.grid.to_string(), largest_grid));
    }
    const CudaContext::Scope scope(*context_);
    const auto blocks = static_cast<unsigned>(plan.blocks_on(target_.multiprocessors, grid));
    const auto threads = static_cast<unsigned>(plan.block);
    const auto shared_bytes = static_cast<unsigned>(plan.shared_bytes);
    auto* const stream_handle = static_cast<cuda::StreamHandle>(stream);
    std::array<void*, 1> parameters{const_cast<void*>(arguments)};

    cuda::Result result = cuda::success;
    if (plan.cluster == 1 && !plan.overlaps) {
        result = driver().cuLaunchKernel.result(kernel.function, blocks, 1, 1, threads, 1, 1, shared_bytes,
                                                stream_handle, parameters.data(), nullptr);
    } else {
        std::array<cuda::LaunchAttribute, 2> attributes;
        cuda::LaunchConfig config{.grid_x = blocks,
                                  .block_x = threads,
                                  .shared_bytes = shared_bytes,
                                  .stream = stream_handle,
                                  .attributes = attributes.data()};
        if (plan.cluster > 1)
            attributes[config.attribute_count++] = {.id = cuda::LaunchAttribute::cluster_dimension,
                                                    .value = static_cast<unsigned>(plan.cluster)};
        if (plan.overlaps)
            attributes[config.attribute_count++] = {
                .id = cuda::LaunchAttribute::programmatic_stream_serialization};
        result = driver().cuLaunchKernelEx.result(&config, kernel.function, parameters.data(), nullptr);
    }
    if (result == cuda::success) return;
    const std::string what =
        fmt::format("launch of {} (grid {}, block {}, {} bytes of shared memory, cluster {})", kernel.entry,
                    grid, plan.block, plan.shared_bytes, plan.cluster);
    driver().fail(what.c_str(), result);
}

TensorMap CudaDevice::map(const BoxedTensor& tensor) const {
    const CudaContext::Scope scope(*context_);
    const std::array<std::uint32_t, 5> steps{1, 1, 1, 1, 1};
    TensorMap map;
    const auto type = tensor.element_bytes == 2 ? cuda::TensorMapType::bits16 : cuda::TensorMapType::bits32;
    const cuda::Result result = driver().cuTensorMapEncodeTiled.result(
        &map, type, static_cast<unsigned>(tensor.rank), const_cast<void*>(tensor.address),
        tensor.extents.data(), tensor.strides.data(), tensor.box.data(), steps.data(), cuda::no_interleave,
        cuda::swizzle_128_bytes, cuda::promote_to_256_bytes, cuda::fill_zeros);
    if (result == cuda::success) return map;
    const auto rank = static_cast<std::size_t>(tensor.rank);
    driver().fail(fmt::format("tensor map of {} elements, strides of {} bytes, boxes of {}",
                              fmt::join(tensor.extents.begin(), tensor.extents.begin() + rank, " x "),
                              fmt::join(tensor.strides.begin(), tensor.strides.begin() + rank - 1, ", "),
                              fmt::join(tensor.box.begin(), tensor.box.begin() + rank, " x "))
                      .c_str(),
                  result);
}

void* CudaDevice::allocate(std::size_t bytes) {
    const CudaContext::Scope scope(*context_);
    cuda::DevicePointer pointer = 0;
    if (const auto result = driver().cuMemAlloc.result(&pointer, std::max<std::size_t>(bytes, 1))) {
        driver().fail(fmt::format("allocation of {} bytes on {}", bytes, name_).c_str(), result);
    }
    return std::bit_cast<void*>(pointer);
}

void CudaDevice::free(void* pointer) noexcept {
    if (!pointer) return;
    const CudaContext::Scope scope(*context_, std::nothrow);
    driver().cuMemFree.result(address(pointer));
}

void CudaDevice::fill(void* device, std::byte value, std::size_t bytes) {
    if (bytes == 0) return;
    const CudaContext::Scope scope(*context_);
    driver().cuMemsetD8Async(address(device), static_cast<unsigned char>(value), bytes, nullptr);
}

void CudaDevice::copy_in(void* device, const void* host, std::size_t bytes) {
    if (bytes == 0) return;
    const CudaContext::Scope scope(*context_);
    driver().cuMemcpyHtoD(address(device), host, bytes);
}

void CudaDevice::copy_out(void* host, const void* device, std::size_t bytes) {
    if (bytes == 0) return;
    const CudaContext::Scope scope(*context_);
    driver().cuMemcpyDtoH(host, address(device), bytes);
}

void CudaDevice::synchronize() {
    const CudaContext::Scope scope(*context_);
    driver().cuCtxSynchronize();
}

LoadedKernelResources CudaDevice::resources(const LoadedKernel& loaded) const {
    using enum cuda::FunctionAttribute;
    const CudaContext::Scope scope(*context_);
    const auto get = [&](cuda::FunctionAttribute attribute) {
        int value = 0;
        driver().cuFuncGetAttribute(&value, static_cast<int>(attribute), cuda_kernel(loaded).function);
        return value;
    };
    return {get(registers), get(local_bytes), get(static_shared_bytes), get(max_threads_per_block)};
}

} // namespace chela
