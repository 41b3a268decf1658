#pragma once
// The processor of this machine as a device: Clang compiles, ORC loads, oneTBB runs one task per block.

#include "runtime/device.hpp"

#include <memory>

namespace chela {

struct CpuDeviceOptions {
    int threads = 0;          ///< 0, or more than there are: every processor that this process may run on
    bool debug_lines = false; ///< line tables in the machine code, for profilers and debuggers
};

/// Launches are synchronous; several threads may launch at once. Throws UserError on a negative number of
/// threads.
std::unique_ptr<Device> make_cpu_device(const CpuDeviceOptions& options = {});

} // namespace chela
