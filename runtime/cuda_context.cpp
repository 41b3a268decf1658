#include "runtime/cuda_context.hpp"

#include <fmt/format.h>

namespace chela {

CudaContext::CudaContext(std::shared_ptr<const CudaDriver> driver, cuda::Context context,
                         cuda::DeviceHandle device, bool retained)
    : driver_(std::move(driver)), context_(context), device_(device), retained_(retained) {}

CudaContext::~CudaContext() {
    if (retained_) driver_->cuDevicePrimaryCtxRelease.result(device_);
}

std::shared_ptr<const CudaContext> CudaContext::primary(std::shared_ptr<const CudaDriver> driver,
                                                        int ordinal) {
    const int count = driver->device_count();
    if (ordinal < 0 || ordinal >= count) {
        throw UserError(fmt::format("target cuda:{}: this machine has {} CUDA device{}, numbered from 0",
                                    ordinal, count, count == 1 ? "" : "s"));
    }
    cuda::DeviceHandle device = 0;
    driver->cuDeviceGet(&device, ordinal);
    cuda::Context context = nullptr;
    driver->cuDevicePrimaryCtxRetain(&context, device);
    return std::shared_ptr<const CudaContext>(new CudaContext(std::move(driver), context, device, true));
}

std::shared_ptr<const CudaContext> CudaContext::current(std::shared_ptr<const CudaDriver> driver) {
    cuda::Context context = nullptr;
    driver->cuCtxGetCurrent(&context);
    if (!context) throw UserError("no CUDA context is current in this thread: make one current first");
    cuda::DeviceHandle device = 0;
    driver->cuCtxGetDevice(&device);
    return std::shared_ptr<const CudaContext>(new CudaContext(std::move(driver), context, device, false));
}

CudaContext::Scope::Scope(const CudaContext& context) : driver_(context.driver()) {
    cuda::Context current = nullptr;
    driver_.cuCtxGetCurrent(&current);
    if (current == context.context_) return;
    driver_.cuCtxPushCurrent(context.context_);
    pushed_ = true;
}

CudaContext::Scope::~Scope() {
    cuda::Context popped = nullptr;
    if (pushed_) driver_.cuCtxPopCurrent.result(&popped);
}

} // namespace chela
