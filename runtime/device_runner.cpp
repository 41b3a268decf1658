#include "runtime/device_runner.hpp"

#include "codegen/error.hpp"
#include "runtime/compiler_log.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <thread>

namespace chela {
namespace {

/// As many samples as fit into a time, within limits.
struct SamplingPlan {
    int least, most;
    double milliseconds;
};
constexpr SamplingPlan quick{.least = 5, .most = 15, .milliseconds = 50};
constexpr SamplingPlan thorough{.least = 15, .most = 40, .milliseconds = 200}; // of one round of several
constexpr int pilot_samples = 3;

constexpr double largest_relative_spread = 0.5;
constexpr double timer_noise_ms = 1e-3; // a spread below it says nothing about the candidate

/// Nearest rank.
double quantile(const std::vector<double>& sorted, double share) {
    return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

Program generate(const Target& target, const Problem& problem, const Config& config) {
    return config.algorithm->generate(target, problem.traits, config.values);
}

Measurement failed(Status status, std::string detail) {
    Measurement measurement;
    measurement.status = status;
    measurement.detail = std::move(detail);
    return measurement;
}

Measurement compile_failure(const CompileError& error) {
    const std::string line = first_error(error.log);
    return failed(Status::compile_error, line.empty() ? error.what() : line);
}

} // namespace

RunnerInfo runner_info(const Device& device) {
    return {.device = device.name(),
            .target = device.target(),
            .toolchain = device.toolchain(),
            .compiling_disturbs_timing = device.target().backend != Backend::cuda,
            .compile_threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))};
}

DeviceRunner::DeviceRunner(Device& device, BinaryCache& cache, std::uint64_t seed)
    : device_(device), loader_(device, cache), seed_(seed), verifier_(device) {}

Measurement DeviceRunner::compile(const Problem& problem, const Config& config) try {
    Measurement measurement;
    measurement.compile_ms = loader_.compile(generate(device_.target(), problem, config));
    return measurement;
} catch (const CompileError& error) {
    return compile_failure(error);
}

Measurement DeviceRunner::measure(const Problem& problem, const Config& config, Effort effort) {
    const std::scoped_lock lock(mutex_);
    // Where the problem itself does not fit, that is no candidate's fault: let it throw.
    verifier_.prepare(odd_problem(problem), odd_options(seed_));
    verifier_.prepare(problem, usual_options(problem, seed_));
    try {
        const Program program = generate(device_.target(), problem, config);
        const LoadedProgram loaded = loader_.load(program);
        return verify_and_time(problem, effort, program, loaded);
    } catch (const CompileError& error) {
        return compile_failure(error);
    } catch (const UserError& error) { // e.g. a grid that is too large
        return failed(Status::launch_error, error.what());
    } catch (const DeviceError& error) {
        verifier_.clear(); // a kernel that failed may have written anywhere
        return failed(device_survives() ? Status::launch_error : Status::crashed, error.what());
    }
}

Measurement DeviceRunner::verify_and_time(const Problem& problem, Effort effort, const Program& program,
                                          const LoadedProgram& loaded) {
    const VerifyResult verified = verify_candidate(verifier_, problem, program, loaded, seed_);
    Measurement measurement;
    measurement.relative_error = verified.relative_error;
    measurement.compile_ms = loaded.compile_ms;
    if (verified.passed) {
        time(measurement, verifier_.prepare(problem, usual_options(problem, seed_)), effort, program, loaded);
    } else {
        measurement.status = Status::wrong;
        measurement.detail = verified.detail;
    }
    return measurement;
}

void DeviceRunner::time(Measurement& measurement, VerificationCase& tensors, Effort effort,
                        const Program& program, const LoadedProgram& loaded) {
    const SamplingPlan& plan = effort == Effort::quick ? quick : thorough;
    tensors.prepare(program, loaded);
    const auto work = [&] { tensors.launch(program, loaded); };
    std::vector<double> samples = device_.time(work, pilot_samples);
    std::ranges::sort(samples);
    const double wanted = plan.milliseconds / std::max(quantile(samples, 0.5), 1e-6);
    const int count = static_cast<int>(std::clamp<double>(wanted, plan.least, plan.most));

    constexpr int attempts = 2;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        samples = device_.time(work, count);
        std::ranges::sort(samples);
        measurement.median_ms = quantile(samples, 0.5);
        measurement.spread_ms = quantile(samples, 0.75) - quantile(samples, 0.25);
        measurement.samples = count;
        if (measurement.spread_ms <=
            std::max(largest_relative_spread * measurement.median_ms, timer_noise_ms))
            return;
    }
    measurement.status = Status::unstable;
    measurement.detail = fmt::format("half of {} runs spread over {:.3g} ms around {:.3g} ms, twice", count,
                                     measurement.spread_ms, measurement.median_ms);
}

bool DeviceRunner::device_survives() noexcept {
    try {
        device_.synchronize();
        void* memory = device_.allocate(1);
        device_.fill(memory, std::byte{0}, 1);
        device_.synchronize();
        device_.free(memory);
        return true;
    } catch (const DeviceError&) {
        return false;
    }
}

} // namespace chela
