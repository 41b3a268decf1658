#pragma once
// Which device a session works on, and what else there is on this machine.

#include "runtime/device.hpp"
#include "runtime/options.hpp"
#include "runtime/session.hpp"

namespace chela {

struct OpenedDevice {
    std::unique_ptr<Device> device;
    std::string notice; ///< why the CPU is used although no target was named; else empty
};

/// Opens Options::target. Throws UserError (not a target, or one that cannot run here) and DeviceError (not
/// present).
OpenedDevice open_device(const Options&);

} // namespace chela
