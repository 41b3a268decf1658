#pragma once
// A GPU that does not exist: CUDA kernels compiled by Clang for this processor, with the semantics and the
// limits of an architecture, and a report where a kernel breaks its rules.

#include "runtime/device.hpp"
#include "runtime/emulator/launch.hpp"

#include <memory>

namespace chela {

class EmulatorDevice : public Device {
  public:
    /// Memory of the caller that kernels may touch, beside what allocate() gave.
    virtual void lend(void* address, std::size_t bytes) = 0;
    virtual void withdraw(void* address) noexcept = 0;
    /// For launches from now on.
    virtual void set_options(const emulator::Options&) = 0;
};

/// `target` is emulator:sm_80 or emulator:sm_90a (any architecture from 8.0 on is emulated as one of them).
/// launch() is synchronous and throws DeviceError: what is wrong, kernel, block, thread, template line, and
/// the options that repeat the run. Throws UserError for another backend.
std::unique_ptr<EmulatorDevice> make_emulator_device(const Target& target,
                                                     const emulator::Options& options = {});

} // namespace chela
