#pragma once
// A device that runs the candidates of scale_add on the host, faults included.

#include "runtime/device.hpp"
#include "tests/runtime/scale_add.hpp"

#include <atomic>

namespace chela::test {

/// Its memory is the host's, its clock counts the launches of the thread that asks.
/// Thread-safe, as every device.
class HostDevice : public Device {
  public:
    Target target() const override { return {}; }
    std::string name() const override { return "test device"; }
    std::string toolchain() const override { return "test compiler"; }
    Binary compile(const Kernel&) const override;
    std::shared_ptr<LoadedKernel> load(const Kernel&, const Binary&) override;
    void launch(LoadedKernel&, const LaunchPlan&, std::int64_t grid, const void* arguments,
                std::size_t argument_bytes, Stream) override;
    void* allocate(std::size_t bytes) override;
    void free(void*) noexcept override;
    void copy_in(void* device, const void* host, std::size_t bytes) override;
    void copy_out(void* host, const void* device, std::size_t bytes) override;
    void synchronize() override { check(); }
    std::size_t total_memory() const override { return std::size_t{1} << 40; }
    std::vector<double> time(const std::function<void()>& work, int samples) override;
    double copy_bandwidth() override { return 1e9; }
    double peak_flops() override { return 0; }

    std::atomic<int> allocations = 0; ///< alive
    int compiled() const { return compiled_; }

  private:
    void check() const;
    std::atomic<bool> broken_ = false;
    std::atomic<int> launches_ = 0; ///< of unsteady candidates
    mutable std::atomic<int> compiled_ = 0;
};

} // namespace chela::test
