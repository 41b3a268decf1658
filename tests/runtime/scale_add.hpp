#pragma once
// A family and a device small enough to be plainly right, so that tests can make them wrong on purpose.
//
//     y = factor * x + carry,   total = carry + sum of x over length        x, y [batch, length, heads, dim]

#include "codegen/family.hpp"
#include "runtime/device.hpp"

namespace chela::test {

const Family& scale_add_family();
/// Throws UserError where the name is another.
const Family& find_test_family(std::string_view name);
Problem scale_add(DType, std::int64_t batch, std::int64_t length, std::int64_t heads, std::int64_t dim = 16,
                  std::int64_t alignment = 2);
/// What a candidate does wrong. Each is a value of the tunable `fault`.
enum class Fault {
    none,
    wrong_element,  ///< one element of a large output
    slightly_wrong, ///< every element, by three times the bound
    missing_row,    ///< one row of y is never written, seen wherever it lies
    guard_after,    ///< one row written behind y
    guard_before,   ///< one element written before total
    gap,            ///< y is written as if its rows were contiguous, where they are not
    input_written,
    workspace_overrun,
    odd_length, ///< the last row, at lengths that are not a multiple of 4
    last_head,
    last_head_slightly, ///< by eight times the bound: too little to see among thousands of right heads
    reads_outside,      ///< a row before x is added times zero
    reads_workspace,    ///< without having written it
    ignores_carry,
    throws_launch, ///< DeviceError from the launch, after which the device works
    breaks_device, ///< DeviceError from the launch and from everything later
    compile_error,
    unsteady, ///< its time varies
};
Config scale_add_config(Fault);

/// Runs kernels of the family above on the host. Its memory is the host's, its clock counts launches.
class HostDevice final : public Device {
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

    int allocations = 0; ///< alive
    int compiled() const { return compiled_; }

  private:
    void check() const;
    bool broken_ = false;
    double clock_ms_ = 0;
    mutable int compiled_ = 0;
};

} // namespace chela::test
