#include "runtime/emulator/emulator_device.hpp"

#include "codegen/error.hpp"
#include "runtime/binary_cache.hpp"
#include "runtime/clang_compiler.hpp"
#include "runtime/emulator/engine.hpp"
#include "runtime/emulator/executor.hpp"
#include "runtime/emulator/instrumentation.hpp"
#include "runtime/emulator/tensor_map.hpp"
#include "runtime/jit.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <unistd.h>

namespace chela {

namespace {

using emulator::Executor;
using emulator::Launch;

/// Executors are kept from launch to launch: their stacks and shared memory are expensive to map.
class ExecutorPool {
  public:
    std::unique_ptr<Executor> take() {
        const std::lock_guard lock(mutex_);
        if (free_.empty()) return std::make_unique<Executor>();
        auto executor = std::move(free_.back());
        free_.pop_back();
        return executor;
    }
    void give_back(std::unique_ptr<Executor> executor) {
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(executor));
    }

  private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<Executor>> free_;
};

struct EmulatorKernel : LoadedKernel {
    EmulatorKernel(const Kernel& kernel, const Binary& binary)
        : name(kernel.entry), module(binary.bytes, emulator::engine_symbols()),
          entry(reinterpret_cast<Launch::Entry>(module.symbol(kernel.entry))),
          sites(static_cast<const emulator::Site*>(module.symbol(emulator::sites_symbol))),
          site_count(*static_cast<std::uint32_t*>(module.symbol(emulator::site_count_symbol))),
          static_shared_bytes(*static_cast<std::uint32_t*>(module.symbol(emulator::static_shared_symbol))) {}
    std::string name;
    JitModule module;
    Launch::Entry entry;
    const emulator::Site* sites;
    std::uint32_t site_count;
    std::int64_t static_shared_bytes;
};

struct FreeBlock {
    void operator()(void* memory) const { std::free(memory); }
};

/// The argument block where tensor maps are aligned as the hardware wants them, and nothing follows it.
std::unique_ptr<std::byte, FreeBlock> copy_of_arguments(const void* arguments, std::size_t bytes) {
    void* memory = std::aligned_alloc(128, (bytes + 127) / 128 * 128);
    if (!memory) throw DeviceError("emulator: out of memory");
    std::memcpy(memory, arguments, bytes);
    return std::unique_ptr<std::byte, FreeBlock>(static_cast<std::byte*>(memory));
}

class Emulator : public EmulatorDevice {
  public:
    Emulator(const Target& target, const emulator::Options& options) : target_(target), options_(options) {
        compile_options_.optimization = 1; // no vectors: an access keeps the width that the source gave it
        compile_options_.relaxed_floating_point = false;
        compile_options_.debug_lines = true;
        compile_options_.arguments = {"-ffp-contract=fast", "-relaxed-aliasing", "-fwrapv",
                                      "-fno-threadsafe-statics"};
        compile_options_.definitions = {fmt::format("__CUDA_ARCH__={}", target.compute_capability * 10)};
        if (target.arch_specific && target.compute_capability == 90)
            compile_options_.definitions.emplace_back("__CUDA_ARCH_FEAT_SM90_ALL=1");
    }

    Target target() const override { return target_; }
    std::string name() const override {
        return fmt::format("emulated {} ({} cores)", target_.arch(), arena_.max_concurrency());
    }
    std::string toolchain() const override {
        return fmt::format("{}, {}, {}, -O1", clang_version(), host_cpu(),
                           emulator::make_instrumentation("")->name);
    }

    Binary compile(const Kernel& kernel) const override {
        HostCompileOptions options = compile_options_;
        options.transform = emulator::make_instrumentation(kernel.entry);
        HostObject object = compile_host_object(kernel.source, kernel.entry + ".cu", options);
        return {binary_key(*this, kernel), std::move(object.bytes), std::move(object.log), object.compile_ms};
    }

    std::shared_ptr<LoadedKernel> load(const Kernel& kernel, const Binary& binary) override {
        return std::make_shared<EmulatorKernel>(kernel, binary);
    }

    void launch(LoadedKernel& loaded, const LaunchPlan& plan, std::int64_t grid, const void* arguments,
                std::size_t argument_bytes, Stream) override {
        auto& kernel = static_cast<EmulatorKernel&>(loaded);
        check(kernel, plan, grid);
        const auto block = copy_of_arguments(arguments, argument_bytes);
        Launch launch;
        launch.kernel = kernel.name;
        launch.target = target_;
        launch.options = options_;
        launch.entry = kernel.entry;
        launch.sites = kernel.sites;
        launch.site_count = kernel.site_count;
        launch.arguments = block.get();
        launch.argument_bytes = argument_bytes;
        launch.memory = memory_.view();
        launch.grid = plan.blocks_on(multiprocessors, grid);
        launch.block = plan.block;
        launch.cluster = plan.cluster;
        launch.dynamic_shared_bytes = plan.shared_bytes;
        launch.static_shared_bytes = kernel.static_shared_bytes;
        run(launch);
        if (const auto failure = launch.failure()) throw DeviceError(*failure);
    }

    TensorMap map(const BoxedTensor& tensor) const override {
        if (target_.compute_capability < 90) return Device::map(tensor);
        const std::array<std::uint32_t, 5> steps{1, 1, 1, 1, 1};
        return emulator::encode_tensor_map(tensor.element_bytes, tensor.rank, tensor.address,
                                           tensor.extents.data(), tensor.strides.data(), tensor.box.data(),
                                           steps.data(), emulator::TensorSwizzle::bytes128,
                                           emulator::OutOfBoundsFill::zeros);
    }

    void* allocate(std::size_t bytes) override { return memory_.allocate(bytes); }
    void free(void* memory) noexcept override { memory_.free(memory); }
    void lend(void* address, std::size_t bytes) override { memory_.lend(address, bytes); }
    void withdraw(void* address) noexcept override { memory_.withdraw(address); }
    void set_options(const emulator::Options& options) override { options_ = options; }
    void fill(void* device, std::byte value, std::size_t bytes) override {
        std::memset(device, std::to_integer<int>(value), bytes);
    }
    void copy_in(void* device, const void* host, std::size_t bytes) override {
        std::memcpy(device, host, bytes);
    }
    void copy_out(void* host, const void* device, std::size_t bytes) override {
        std::memcpy(host, device, bytes);
    }
    void synchronize() override {} // launches are synchronous
    std::size_t total_memory() const override {
        return static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
               static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    }

    std::vector<double> time(const std::function<void()>& work, int samples) override {
        std::vector<double> milliseconds;
        for (int sample = 0; sample < samples; ++sample) {
            const auto start = std::chrono::steady_clock::now();
            work();
            milliseconds.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
        }
        return milliseconds;
    }
    // An emulated GPU has no speed of its own.
    double copy_bandwidth() override { return 0; }
    double peak_flops() override { return 0; }

  private:
    /// Few, so that persistent blocks have more than one unit of work.
    static constexpr int multiprocessors = 2;

    void check(const EmulatorKernel& kernel, const LaunchPlan& plan, std::int64_t grid) const {
        const BlockLimits limits = block_limits(target_);
        const std::int64_t shared = plan.shared_bytes + kernel.static_shared_bytes;
        if (shared > limits.shared_bytes)
            throw DeviceError(
                fmt::format("emulator: kernel {} asks for {} bytes of shared memory a block; {} has {}",
                            kernel.name, shared, target_.arch(), limits.shared_bytes));
        if (plan.block < 1 || plan.block > limits.threads)
            throw DeviceError(fmt::format("emulator: kernel {} asks for {} threads a block; {} has 1 to {}",
                                          kernel.name, plan.block, target_.arch(), limits.threads));
        const int largest_cluster = target_.compute_capability >= 90 ? 8 : 1;
        if (plan.cluster < 1 || plan.cluster > largest_cluster || grid % plan.cluster != 0)
            throw DeviceError(
                fmt::format("emulator: kernel {} asks for clusters of {} in a grid of {} blocks; {} has 1 "
                            "to {}, and the grid must be a multiple",
                            kernel.name, plan.cluster, grid, target_.arch(), largest_cluster));
    }

    void run(Launch& launch) {
        const std::int64_t clusters = launch.grid / launch.cluster;
        const int workers = static_cast<int>(std::min<std::int64_t>(clusters, arena_.max_concurrency()));
        // In order, because a block may wait for a flag of an earlier one, which then runs or has run.
        arena_.execute([&] {
            tbb::parallel_for(0, workers, [&](int) {
                auto executor = pool_.take();
                for (;;) {
                    const std::int64_t cluster = launch.next_cluster++;
                    if (cluster >= clusters || launch.abandoned(cluster * launch.cluster)) break;
                    executor->run(launch, cluster);
                }
                pool_.give_back(std::move(executor));
            });
        });
    }

    Target target_;
    emulator::Options options_;
    HostCompileOptions compile_options_;
    emulator::GlobalMemory memory_;
    ExecutorPool pool_;
    tbb::task_arena arena_;
};

} // namespace

std::unique_ptr<EmulatorDevice> make_emulator_device(const Target& target, const emulator::Options& options) {
    if (target.backend != Backend::emulator || target.compute_capability < 80)
        throw UserError(fmt::format("target '{}': the emulator runs emulator:sm_80 and emulator:sm_90a",
                                    target.to_string()));
    return std::make_unique<Emulator>(target, options);
}

} // namespace chela
