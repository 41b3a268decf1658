#include "tests/gpu/emulator_twins.hpp"

#include "codegen/error.hpp"
#include "codegen/render.hpp"
#include "runtime/device_search.hpp"
#include "runtime/emulator/emulator_device.hpp"
#include "templates/embedded_files.hpp"

#include <bit>
#include <cstdio>
#include <fmt/format.h>

namespace chela::testing {

namespace {

/// Null where this machine has no GPU; says so once.
Device* gpu() {
    static const std::unique_ptr<Device> device = []() -> std::unique_ptr<Device> {
        try {
            Options options = Options::from_env();
            options.target = "cuda";
            return open_device(options).device;
        } catch (const std::exception& error) {
            std::printf("SKIP comparison with a GPU: %s\n", error.what());
            return nullptr;
        }
    }();
    return device.get();
}

std::string source_of(const TwinKernel& kernel, bool emulated) {
    std::string text;
    for (const auto& name : kernel.includes) text += fmt::format("#include \"prelude/cuda/{}\"\n", name);
    text += "namespace chela {\n"
            "struct Arguments {\n    const uint32* input;\n    uint32* output;\n"
            "    alignas(128) unsigned long long input_map[16], output_map[16];\n};\n"
            "CHELA_DEVICE void twin(const uint32* input, uint32* output, unsigned char* shared, "
            "const Arguments& arguments) {\n" +
            kernel.body +
            "}\n}\n"
            "extern \"C\" __global__ void twin_kernel(const __grid_constant__ chela::Arguments arguments) {\n"
            "    chela::twin(arguments.input, arguments.output, chela::dynamic_shared(), arguments);\n}\n";
    TemplateFiles files = embedded_files();
    files["twin.cu"] = text;
    return render(
        files, {"twin.cu"}, [](std::string_view) { return std::string(); },
        [emulated](std::string path) {
            return emulated && path.find("prelude/cuda/") == 0 ? "prelude/emulator" + path.substr(12) : path;
        });
}

std::vector<std::uint32_t> run_on(Device& device, const TwinKernel& twin, bool emulated,
                                  const std::vector<std::uint32_t>& input, std::size_t outputs) {
    const LaunchPlan plan{{1, {}}, twin.threads, twin.shared_bytes, twin.cluster};
    const Kernel kernel{"twin_kernel", source_of(twin, emulated), plan};
    const auto loaded = device.load(kernel, device.compile(kernel));
    struct {
        void *input, *output;
        TensorMap input_map, output_map;
    } arguments{device.allocate(input.size() * 4 + 4), device.allocate(outputs * 4), {}, {}};
    if (twin.mapped_columns > 0) {
        const auto columns = static_cast<std::uint64_t>(twin.mapped_columns);
        const auto map = [&](const void* data, std::size_t words) {
            return device.map({data, 2, 2, {columns, words * 2 / columns}, {columns * 2}, {64, 8}});
        };
        arguments.input_map = map(arguments.input, input.size());
        arguments.output_map = map(arguments.output, outputs);
    }
    device.copy_in(arguments.input, input.data(), input.size() * 4);
    device.fill(arguments.output, std::byte{0xcd}, outputs * 4);
    std::vector<std::uint32_t> result(outputs);
    device.launch(*loaded, plan, twin.cluster, &arguments, sizeof arguments, nullptr);
    device.synchronize();
    device.copy_out(result.data(), arguments.output, outputs * 4);
    device.free(arguments.input);
    device.free(arguments.output);
    return result;
}

} // namespace

std::vector<std::uint32_t> run_twins(const TwinKernel& kernel, const std::vector<std::uint32_t>& input,
                                     std::size_t outputs, bool bitwise) {
    Device* const other = gpu();
    const bool same_generation = other && (other->target().compute_capability >= 90 || !kernel.hopper);
    Target target = Target::parse(kernel.hopper ? "emulator:sm_90a" : "emulator:sm_80");
    if (same_generation && other->target().compute_capability == 90)
        target = Target::parse("emulator:sm_90a");
    const auto device = make_emulator_device(target, {0, true});
    const auto emulated = run_on(*device, kernel, true, input, outputs);
    if (same_generation) {
        const auto real = run_on(*other, kernel, false, input, outputs);
        std::size_t different = 0, first = 0;
        for (std::size_t i = 0; i < outputs; ++i)
            if (real[i] != emulated[i] && different++ == 0) first = i;
        INFO(different, " of ", outputs, " words differ, the first at ", first, ": GPU ", real[first],
             ", emulator ", emulated[first]);
        if (bitwise) CHECK(different == 0);
    }
    return emulated;
}

int small_integer(std::size_t index) { return static_cast<int>(index * 2654435761u >> 7 & 7u) - 3; }
std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }
float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }
std::uint32_t bf16_pair(float low, float high) { return bits_of(low) >> 16 | (bits_of(high) & 0xffff0000u); }

} // namespace chela::testing
