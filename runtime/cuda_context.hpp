#pragma once
// The CUDA context that a device's modules and memory live in.

#include "runtime/cuda_driver.hpp"

#include <memory>
#include <new>

namespace chela {

/// The primary context of a device, retained as the CUDA runtime does, or a caller's own context, borrowed.
class CudaContext {
  public:
    /// The primary one. Throws UserError where there is no such device, DeviceError where the driver fails.
    CudaContext(std::shared_ptr<const CudaDriver>, int ordinal);
    /// The context current in this thread, which must outlive the result. Throws UserError where there is
    /// none.
    static std::shared_ptr<const CudaContext> current(std::shared_ptr<const CudaDriver>);

    ~CudaContext();
    CudaContext(const CudaContext&) = delete;

    const CudaDriver& driver() const { return *driver_; }
    cuda::DeviceHandle device() const { return device_; }

    /// Makes the context current in this thread for a scope; does nothing where it already is.
    class Scope {
      public:
        explicit Scope(const CudaContext&);
        /// For destructors: where the driver is gone already, there is nothing left to make current.
        Scope(const CudaContext&, std::nothrow_t) noexcept;
        ~Scope();
        Scope(const Scope&) = delete;

      private:
        const CudaDriver& driver_;
        bool pushed_ = false;
    };

  private:
    struct Borrowed {
        cuda::Context context;
        cuda::DeviceHandle device;
    };
    CudaContext(std::shared_ptr<const CudaDriver>, Borrowed);
    std::shared_ptr<const CudaDriver> driver_;
    cuda::Context context_ = nullptr;
    cuda::DeviceHandle device_ = 0;
    bool retained_ = false;
};

} // namespace chela
