#pragma once
// What code is generated for: a backend and an architecture of it. No device is needed to name one.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chela {

enum class Backend { cuda, cpu, emulator };

struct Target {
    Backend backend = Backend::cpu;
    int compute_capability = 0; ///< 80, 90, …; 0 on cpu
    bool arch_specific = false; ///< the 'a' of sm_90a: wgmma, setmaxnreg
    int multiprocessors = 132;  ///< for default rules: of the device at hand, else of an H100

    /// "sm_90a", "sm_80", "cpu", "emulator:sm_90a". Throws UserError naming what would be right.
    static Target parse(std::string_view text);
    std::string to_string() const;
    /// "sm_90a" or "host".
    std::string arch() const;
    /// Equal where the same code serves: whatever the number of multiprocessors.
    friend bool operator==(const Target& a, const Target& b) {
        return a.backend == b.backend && a.compute_capability == b.compute_capability &&
               a.arch_specific == b.arch_specific;
    }
};

/// What one block may use, from the CUDA C++ programming guide's table of compute capabilities.
struct BlockLimits {
    std::int64_t shared_bytes;        ///< opt-in dynamic shared memory of one block
    std::int64_t shared_bytes_per_sm; ///< of all blocks resident on one multiprocessor
    int registers_per_sm;
    int threads = 1024;
    int threads_per_sm;
};
/// For cuda and emulator targets; on cpu the scratch memory of one block (shared_bytes) is 16 MiB.
BlockLimits block_limits(const Target&);

/// The CUDA architectures that sources are generated for and tested against.
const std::vector<Target>& cuda_targets();

} // namespace chela
