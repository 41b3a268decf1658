// What a launch through chela costs the host, beside the driver's own cuLaunchKernel of the same kernel with
// the same arguments. The smallest problem, so that the device never holds the host up; a batch is waited for
// in between. And what an empty kernel takes as `chela bench` times it: no figure of a short kernel can be
// below.
//     chela_launch_overhead [--output FILE]

#include "runtime/cuda_context.hpp"
#include "runtime/cuda_driver.hpp"
#include "runtime/nvrtc.hpp"
#include "runtime/provenance.hpp"
#include "runtime/tensor_maps.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chela/chela.hpp>
#include <chrono>
#include <fmt/format.h>
#include <fstream>

using namespace chela;

namespace {

template <class Launch>
double median_us(Device& device, const Launch& launch) {
    constexpr std::size_t batches = 201, calls = 64;
    std::vector<double> times;
    for (std::size_t batch = 0; batch < batches; ++batch) {
        device.synchronize();
        const auto begin = std::chrono::steady_clock::now();
        for (std::size_t call = 0; call < calls; ++call) launch();
        const std::chrono::duration<double, std::micro> elapsed = std::chrono::steady_clock::now() - begin;
        times.push_back(elapsed.count() / calls);
    }
    device.synchronize();
    std::nth_element(times.begin(), times.begin() + batches / 2, times.end());
    return times[batches / 2];
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app{"Host time of a launch, with chela and without"};
    std::string output;
    app.add_option("--output", output, "JSON file to write");
    CLI11_PARSE(app, argc, argv);

    const auto loaded = CudaDriver::try_load();
    if (!loaded.driver) {
        fmt::print("SKIP: {}\n", loaded.why);
        return 0;
    }
    Options options = Options::from_env();
    options.target = "cuda";
    Session session(options);
    const Problem problem = LinearAttention{.head_dim = 64, .batch = 1, .length = 1, .heads = 1};
    Config config = default_config(session.device().target(), problem);
    config.values.set("segments", 1);
    const Op op = session.get(problem, config);
    Arguments arguments = op.arguments();
    for (const char* name : {"q", "k", "v", "o"}) arguments.tensor(name, session.device().allocate(1 << 16));
    op.launch(nullptr, arguments);

    const Kernel& kernel = op.program().kernels.front();
    const Nvrtc nvrtc(options.tools);
    const Binary binary = nvrtc.compile(kernel.source, kernel.entry, session.device().target());
    const CudaDriver& driver = *loaded.driver;
    const CudaContext context(loaded.driver, 0);
    const CudaContext::Scope scope(context);
    cuda::Module module = nullptr;
    cuda::Function function = nullptr;
    driver.cuModuleLoadData(&module, binary.bytes.data());
    driver.cuModuleGetFunction(&function, module, kernel.entry.c_str());
    constexpr int dynamic_shared = static_cast<int>(cuda::FunctionAttribute::max_dynamic_shared_bytes);
    driver.cuFuncSetAttribute(function, dynamic_shared, static_cast<int>(kernel.launch.shared_bytes));
    const MappedArguments mapped(session.device(), kernel.boxes, arguments);
    void* parameters[] = {const_cast<void*>(mapped.block())};

    const auto bare = [&] {
        driver.cuLaunchKernel.result(function, 1, 1, 1, static_cast<unsigned>(kernel.launch.block), 1, 1,
                                     static_cast<unsigned>(kernel.launch.shared_bytes), nullptr, parameters,
                                     nullptr);
    };
    const auto ours = [&] { op.launch(nullptr, arguments); };
    median_us(session.device(), bare); // warm up
    const double bare_us = median_us(session.device(), bare), op_us = median_us(session.device(), ours);
    const Binary nothing =
        nvrtc.compile("extern \"C\" __global__ void nothing() {}", "nothing", session.device().target());
    driver.cuModuleLoadData(&module, nothing.bytes.data());
    driver.cuModuleGetFunction(&function, module, "nothing");
    const auto launch_nothing = [&] {
        driver.cuLaunchKernel.result(function, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, nullptr);
    };
    std::vector<double> empty_ms = session.device().time(launch_nothing, 51);
    std::ranges::nth_element(empty_ms, empty_ms.begin() + 25);
    const double empty_us = empty_ms[25] * 1e3;
    fmt::print("cuLaunchKernel {:.2f} us, Op::launch {:.2f} us, chela adds {:.2f} us; an empty kernel takes "
               "{:.2f} us on the device\n",
               bare_us, op_us, op_us - bare_us, empty_us);
    if (!output.empty())
        std::ofstream(output) << Json{{"provenance", provenance(session.device())},
                                      {"bare_us", bare_us},
                                      {"op_launch_us", op_us},
                                      {"empty_kernel_us", empty_us}}
                                     .dump(1)
                              << "\n";
    return 0;
} catch (const std::exception& error) {
    fmt::print(stderr, "chela_launch_overhead: {}\n", error.what());
    return 3;
}
