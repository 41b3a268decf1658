// Each CUDA body on a GPU and on the emulator, with the same inputs: how far the results are apart.
//     chela_emulator_agreement --output bench/results/emulator_agreement.json
// Both multiply exactly and differ at most in what the emulated accumulation leaves open; the figure beside
// is the distance of each from the definition in float64. Exit 1 where a pair is further apart than the error
// bound.

#include "runtime/cuda_driver.hpp"
#include "runtime/host_tensors.hpp"
#include "runtime/provenance.hpp"

#include <CLI/CLI.hpp>
#include <chela/chela.hpp>
#include <cmath>
#include <fmt/format.h>
#include <fstream>

using namespace chela;

namespace {

/// The output `o` of a run on random inputs that depend on the seed alone.
std::vector<double> output_of(Session& session, const Problem& problem, const Config& config,
                              std::uint64_t seed) {
    Device& device = session.device();
    const Op op = session.get(problem, config);
    Arguments arguments = op.arguments();
    std::vector<void*> memory;
    std::vector<std::byte> o;
    void* o_device = nullptr;
    for (const TensorSpec& spec : problem.tensors()) {
        if (spec.optional()) continue;
        std::size_t count = 1;
        for (const auto extent : problem.shape(spec)) count *= static_cast<std::size_t>(extent);
        const RandomValues random(seed, spec.name);
        std::vector<double> values(count);
        for (std::size_t i = 0; i < count; ++i) values[i] = random(i);
        std::vector<std::byte> bytes(count * static_cast<std::size_t>(size_of(problem.dtype(spec))));
        encode(values, problem.dtype(spec), bytes.data());
        memory.push_back(device.allocate(bytes.size()));
        device.copy_in(memory.back(), bytes.data(), bytes.size());
        arguments.tensor(spec.name, memory.back());
        if (spec.output()) {
            o = std::move(bytes);
            o_device = memory.back();
        }
    }
    if (const std::size_t bytes = op.workspace_bytes(arguments)) {
        memory.push_back(device.allocate(bytes));
        arguments.workspace(memory.back(), bytes);
    }
    op.launch(nullptr, arguments);
    device.synchronize();
    device.copy_out(o.data(), o_device, o.size());
    for (void* block : memory) device.free(block);
    std::vector<double> values(o.size() / static_cast<std::size_t>(size_of(problem.dtype())));
    decode(o.data(), problem.dtype(), values);
    return values;
}

Session session_on(const char* target) {
    Options options = Options::from_env();
    options.target = target;
    return Session(options);
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app{"Compares the CUDA bodies on a GPU with the emulator"};
    std::string output;
    std::uint64_t seed = 1;
    app.add_option("--output", output, "JSON file to write");
    app.add_option("--seed", seed, "of the inputs");
    CLI11_PARSE(app, argc, argv);

    if (const auto loaded = CudaDriver::try_load(); !loaded.driver) {
        fmt::print("SKIP: {}\n", loaded.why);
        return 0;
    }
    Session gpu = session_on("cuda");
    Session emulator = session_on(("emulator:" + gpu.device().target().arch()).c_str());
    Json report{{"provenance", provenance(gpu.device())}, {"seed", seed}, {"rows", {}}};
    bool agree = true;
    fmt::print("{:<8}{:<8}{:<12}{:>10}{:>18}{:>18}{:>12}\n", "body", "dtype", "causal", "segments",
               "bitwise equal", "rms difference", "bound");
    for (const auto& [dtype, math] : {std::pair{DType::bf16, Math::ieee},
                                      {DType::fp16, Math::ieee},
                                      {DType::fp32, Math::ieee},
                                      {DType::fp32, Math::tf32}})
        for (const bool causal : {true, false})
            for (const int segments : {1, 4}) {
                const Problem problem = LinearAttention{.head_dim = 64,
                                                        .value_dim = 96,
                                                        .causal = causal,
                                                        .dtype = dtype,
                                                        .math = math,
                                                        .batch = 1,
                                                        .length = 200,
                                                        .heads = 2};
                Config config = default_config(gpu.device().target(), problem);
                config.values.set("segments", segments);
                const auto real = output_of(gpu, problem, config, seed),
                           emulated = output_of(emulator, problem, config, seed);
                double difference = 0, square = 0;
                std::size_t equal = 0;
                for (std::size_t i = 0; i < real.size(); ++i) {
                    equal += real[i] == emulated[i];
                    difference += (real[i] - emulated[i]) * (real[i] - emulated[i]);
                    square += real[i] * real[i];
                }
                const double rms = std::sqrt(difference / square),
                             bound = problem.family->error_bound(problem);
                const double share = static_cast<double>(equal) / static_cast<double>(real.size());
                agree = agree && rms <= bound;
                report["rows"].push_back({{"problem", problem.to_string()},
                                          {"config", config.to_string()},
                                          {"elements", real.size()},
                                          {"bitwise_equal", share},
                                          {"relative_difference", rms},
                                          {"bound", bound}});
                fmt::print("{:<8}{:<8}{:<12}{:>10}{:>17.2f}%{:>18.2e}{:>12.1e}\n", config.algorithm->name(),
                           math == Math::tf32 ? "tf32" : to_string(dtype), causal, segments, 100 * share, rms,
                           bound);
            }
    if (!output.empty()) std::ofstream(output) << report.dump(1) << "\n";
    return agree ? 0 : 1;
} catch (const std::exception& error) {
    fmt::print(stderr, "chela_emulator_agreement: {}\n", error.what());
    return 3;
}
