#include "runtime/cuda_context.hpp"

#include <fmt/format.h>

namespace chela {

CudaContext::CudaContext(std::shared_ptr<const CudaDriver> driver, int ordinal) : driver_(std::move(driver)) {
    const int count = driver_->device_count();
    if (ordinal < 0 || ordinal >= count) {
        throw UserError(fmt::format("target is 'cuda:{}'; this machine has {} CUDA device{}, numbered from 0",
                                    ordinal, count, count == 1 ? "" : "s"));
    }
    driver_->cuDeviceGet(&device_, ordinal);
    driver_->cuDevicePrimaryCtxRetain(&context_, device_);
    retained_ = true;
}

CudaContext::CudaContext(std::shared_ptr<const CudaDriver> driver, Borrowed borrowed)
    : driver_(std::move(driver)), context_(borrowed.context), device_(borrowed.device) {}

std::shared_ptr<const CudaContext> CudaContext::current(std::shared_ptr<const CudaDriver> driver) {
    Borrowed borrowed{};
    driver->cuCtxGetCurrent(&borrowed.context);
    if (!borrowed.context)
        throw UserError("no CUDA context is current in this thread: make one current first");
    driver->cuCtxGetDevice(&borrowed.device);
    return std::shared_ptr<const CudaContext>(new CudaContext(std::move(driver), borrowed));
}

CudaContext::~CudaContext() {
    if (retained_) driver_->cuDevicePrimaryCtxRelease.result(device_);
}

CudaContext::Scope::Scope(const CudaContext& context) : driver_(context.driver()) {
    cuda::Context current = nullptr;
    driver_.cuCtxGetCurrent(&current);
    if (current == context.context_) return;
    driver_.cuCtxPushCurrent(context.context_);
    pushed_ = true;
}

CudaContext::Scope::Scope(const CudaContext& context, std::nothrow_t) noexcept : driver_(context.driver()) {
    cuda::Context current = nullptr;
    if (driver_.cuCtxGetCurrent.result(&current) != cuda::success || current == context.context_) return;
    pushed_ = driver_.cuCtxPushCurrent.result(context.context_) == cuda::success;
}

CudaContext::Scope::~Scope() {
    cuda::Context popped = nullptr;
    if (pushed_) driver_.cuCtxPopCurrent.result(&popped);
}

} // namespace chela
