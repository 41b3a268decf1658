#pragma once
// What a compiled CUDA kernel needs of the machine, read from its cubin.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chela {

struct KernelResources {
    std::string entry;
    int registers = 0;                    ///< per thread
    std::int64_t static_shared_bytes = 0; ///< per block, without the 1 KiB that the system takes
    std::int64_t local_bytes = 0;         ///< stack frame of a thread, spilled registers included
    int barriers = 0;                     ///< named barriers, __syncthreads included
    int max_threads = 0;                  ///< __launch_bounds__; 0 where the source has none
    std::int64_t parameter_bytes = 0;
    std::int64_t code_bytes = 0;
    /// From ptxas's report; unknown without it. Bytes of spill instructions in the code, per thread.
    std::optional<std::int64_t> spill_store_bytes;
    std::optional<std::int64_t> spill_load_bytes;
};

/// Every kernel of a cubin, in the order of its sections. `log` is the log of its compilation (Binary::log).
/// Throws DeviceError where the bytes are not a cubin.
std::vector<KernelResources> cubin_resources(std::span<const std::byte> cubin, std::string_view log = {});

} // namespace chela
