#include "runtime/cuda_driver.hpp"

#include <fmt/format.h>

#include <string_view>

namespace chela {
namespace {

/// The documented name of a call: exported symbols carry a version.
std::string_view documented_name(std::string_view symbol) {
    return symbol.ends_with("_v2") ? symbol.substr(0, symbol.size() - 3) : symbol;
}

} // namespace

void* CudaDriver::symbol(const char* name) const {
    if (void* address = library_.symbol(name)) return address;
    throw DeviceError(
        fmt::format("{} has no function {}: the driver is too old, chela needs CUDA 12.0 or newer",
                    library_.path(), documented_name(name)));
}

void CudaDriver::fail(const char* symbol, cuda::Result result) const {
    const char* name = nullptr;
    const char* text = nullptr;
    if (cuGetErrorName.result(result, &name) != cuda::success) name = "unknown error";
    if (cuGetErrorString.result(result, &text) != cuda::success) text = "the driver has no text for it";
    throw DeviceError(fmt::format("{}: {} (error {}: {})", documented_name(symbol), name, result, text));
}

CudaDriver::Loaded CudaDriver::try_load(const std::string& library) try {
    std::string error;
    DynamicLibrary opened = DynamicLibrary::open(library, &error);
    if (!opened) return {nullptr, "there is no CUDA driver (" + error + ")."};
    auto driver = std::make_shared<const CudaDriver>(Key{}, std::move(opened));
    driver->cuInit(0);
    if (driver->device_count() == 0) return {nullptr, "the CUDA driver sees no device."};
    return {std::move(driver), {}};
} catch (const std::exception& error) {
    return {nullptr, std::string("the CUDA driver does not work (") + error.what() + ")."};
}

int CudaDriver::device_count() const {
    int count = 0;
    cuDeviceGetCount(&count);
    return count;
}

std::string CudaDriver::version() const {
    int version = 0; // 1000 major + 10 minor
    cuDriverGetVersion(&version);
    return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

int CudaDriver::attribute(cuda::DeviceAttribute attribute, cuda::DeviceHandle device) const {
    int value = 0;
    cuDeviceGetAttribute(&value, static_cast<int>(attribute), device);
    return value;
}

} // namespace chela
