#include "runtime/device_search.hpp"

#include "codegen/error.hpp"
#include "runtime/clang_compiler.hpp"
#include "runtime/cpu_device.hpp"
#include "runtime/cuda_device.hpp"
#include "runtime/disassemble.hpp"
#include "runtime/emulator/emulator_device.hpp"
#include "runtime/nvrtc.hpp"

#include <charconv>
#include <fmt/format.h>

namespace chela {

namespace {

std::unique_ptr<Device> open_cuda(std::shared_ptr<const CudaDriver> driver, int ordinal,
                                  const Options& options) {
    if (ordinal >= driver->device_count())
        throw DeviceError(
            fmt::format("target is 'cuda:{}'; there are {} CUDA devices", ordinal, driver->device_count()));
    auto nvrtc = std::make_shared<Nvrtc>(options.tools);
    CudaCompiler compiler;
    compiler.version = nvrtc->version();
    compiler.compile = [nvrtc](const Kernel& kernel, const Target& target) {
        return nvrtc->compile(kernel.source, kernel.entry, target);
    };
    return std::make_unique<CudaDevice>(std::make_shared<CudaContext>(std::move(driver), ordinal),
                                        std::move(compiler));
}

/// The ordinal of "cuda" or "cuda:1"; -1 where the text is neither.
int cuda_ordinal(std::string_view text) {
    if (text == "cuda") return 0;
    if (!text.starts_with("cuda:")) return -1;
    text.remove_prefix(5);
    int ordinal = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ordinal);
    return error == std::errc() && end == text.data() + text.size() ? ordinal : -1;
}

} // namespace

OpenedDevice open_device(const Options& options) {
    if (options.target.empty()) {
        const auto loaded = CudaDriver::try_load();
        if (loaded.driver) return {open_cuda(loaded.driver, 0, options), {}};
        return {make_cpu_device(), "no GPU is used: " + loaded.why + " Working on the CPU."};
    }
    if (options.target == "cpu") return {make_cpu_device(), {}};
    if (const int ordinal = cuda_ordinal(options.target); ordinal >= 0) {
        const auto loaded = CudaDriver::try_load();
        if (!loaded.driver) throw DeviceError(fmt::format("target is '{}': {}", options.target, loaded.why));
        return {open_cuda(loaded.driver, ordinal, options), {}};
    }
    const Target target = Target::parse(options.target);
    if (target.backend == Backend::emulator)
        return {make_emulator_device(target, {options.emulator_seed, options.emulator_check_race}), {}};
    throw UserError(fmt::format(
        "target is '{}', an architecture to generate code for; to run it must be cuda, cuda:N, cpu "
        "or an emulated one such as emulator:sm_90a",
        target.to_string()));
}

Session::Session(Options options) : Session(open_device(options), options) {}

std::vector<Found> find_devices(const Options& options) {
    std::vector<Found> found;
    const auto loaded = CudaDriver::try_load();
    if (!loaded.driver) found.push_back({"cuda", "NVIDIA GPU", loaded.why, false});
    for (int i = 0; loaded.driver && i < loaded.driver->device_count(); ++i) {
        Found entry{fmt::format("cuda:{}", i), {}, {}, true};
        try {
            const auto device = open_cuda(loaded.driver, i, options);
            entry.name = device->name();
            entry.detail = fmt::format("{}, {:.0f} GiB", device->target().arch(),
                                       static_cast<double>(device->total_memory()) / (1 << 30));
        } catch (const std::exception& error) {
            entry.present = false;
            entry.detail = error.what();
        }
        found.push_back(std::move(entry));
    }
    const auto cpu = make_cpu_device();
    found.push_back({"cpu", cpu->name(), host_cpu(), true});
    found.push_back({"emulator:sm_90a", "emulated GPU",
                     "any architecture from sm_80 on, on the CPU; slow and exact", true});
    return found;
}

std::vector<Found> find_compilers(const Options& options) {
    std::vector<Found> found;
    try {
        const Nvrtc nvrtc(options.tools);
        std::string architectures;
        for (const int capability : nvrtc.supported_architectures())
            architectures += fmt::format(" {}", capability);
        found.push_back(
            {{}, nvrtc.version(), fmt::format("{}, architectures{}", nvrtc.path(), architectures), true});
    } catch (const std::exception& error) {
        found.push_back({{}, "NVRTC", error.what(), false});
    }
    found.push_back({{}, clang_version(), fmt::format("in process, for {}", host_cpu()), true});
    const std::string disassembler = find_disassembler(options.tools);
    found.push_back({{},
                     "disassembler",
                     disassembler.empty() ? "neither nvdisasm nor cuobjdump; pip install nvidia-cuda-nvdisasm"
                                          : disassembler,
                     !disassembler.empty()});
    return found;
}

} // namespace chela
