#pragma once
// Measures candidates on a device of this process.

#include "runtime/program_loader.hpp"
#include "runtime/verify.hpp"
#include "tuner/runner.hpp"

#include <mutex>

namespace chela {

/// What is known of a device for records and choices.
RunnerInfo runner_info(const Device&);

class DeviceRunner final : public Runner {
  public:
    /// Both must outlive the runner. `seed` makes the inputs that candidates are verified and timed on.
    DeviceRunner(Device& device, BinaryCache& cache, std::uint64_t seed = 1);

    RunnerInfo info() const override { return runner_info(device_); }
    Measurement compile(const Problem&, const Config&) override;
    /// A candidate whose launch the device survives in error is launch_error; one that leaves the device
    /// unusable (an illegal access on CUDA) is crashed, and so is everything after it in this process. Throws
    /// DeviceError where the device has no room for the problem itself.
    Measurement measure(const Problem&, const Config&, Effort) override;

    ProgramLoader& loader() { return loader_; }

  private:
    Measurement verify_and_time(const Problem&, Effort, const Program&, const LoadedProgram&);
    void time(Measurement&, VerificationCase&, Effort, const Program&, const LoadedProgram&);
    bool device_survives() noexcept;

    Device& device_;
    ProgramLoader loader_;
    std::uint64_t seed_;
    std::mutex mutex_; // one measurement at a time
    Verifier verifier_;
};

} // namespace chela
