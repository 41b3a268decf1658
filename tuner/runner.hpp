#pragma once
// The only door from the tuner to a device: a Runner compiles, verifies and times candidates of one problem.

#include "codegen/family.hpp"
#include "tuner/measurement.hpp"

namespace chela {

struct RunnerInfo {
    std::string device; ///< "NVIDIA H200", "AMD EPYC … (2 threads)": part of a record's key
    Target target;
    std::string toolchain;                  ///< compiler name and version, driver version
    bool compiling_disturbs_timing = false; ///< true on cpu: do not compile and measure at the same time
    int compile_threads = 1;
};

class Runner {
  public:
    virtual ~Runner() = default;
    virtual RunnerInfo info() const = 0;
    /// Compiles into the binary cache. Thread-safe. Returns status ok or compile_error with detail and
    /// compile_ms.
    virtual Measurement compile(const Problem&, const Config&) = 0;
    /// Verifies against the reference (poisoned outputs, guard bands, an odd length too), then times. Never
    /// throws for what the candidate does wrong: that is a status. May survive a candidate that crashes or
    /// hangs.
    virtual Measurement measure(const Problem&, const Config&, Effort) = 0;
};

} // namespace chela
