// Compiles search spaces with NVRTC for every generation of GPUs, no device needed.
//     chela_check_space             the whole space of the problems below (hours on two cores)
//     chela_check_space --sample 4  every default, and 4 configurations of each space, spread over it
// Fails where a configuration does not compile or a default spills. Pieces of a sequence beyond two change
// one constant of the source, so a space is walked with segments 1 and 2 only.

#include "runtime/cubin.hpp"
#include "runtime/nvrtc.hpp"
#include "runtime/options.hpp"
#include "templates/families.hpp"
#include "templates/linear_attention/problem.hpp"

#include <CLI/CLI.hpp>
#include <atomic>
#include <fmt/format.h>
#include <mutex>
#include <set>
#include <thread>

using namespace chela;

namespace {

struct Job {
    Target target;
    Problem problem;
    Config config;
    bool is_default = false;
};

std::vector<LinearAttention> problems() {
    std::vector<LinearAttention> list;
    for (const bool causal : {true, false}) {
        for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32})
            for (const int dim : {64, 128})
                list.push_back({.head_dim = dim, .causal = causal, .dtype = dtype});
        list.push_back({.head_dim = 128, .causal = causal, .dtype = DType::fp32, .math = Math::tf32});
        list.push_back({.head_dim = 256, .causal = causal});
        list.push_back({.head_dim = 60, .value_dim = 100, .causal = causal});
        list.push_back({.head_dim = 9, .value_dim = 33, .causal = causal});
        list.push_back({.head_dim = 256, .causal = causal, .dtype = DType::fp32, .math = Math::tf32});
    }
    return list;
}

std::vector<Job> jobs(const std::vector<Target>& targets, std::size_t sample) {
    std::vector<Job> list;
    for (const auto& target : targets)
        for (const auto& description : problems()) {
            const Problem problem = description;
            for (const int length : {512, 65536}) { // one piece and several
                LinearAttention sized = description;
                sized.length = length;
                sized.heads = length == 512 ? 64 : 1;
                list.push_back({target, sized, default_config(target, sized), true});
            }
            std::vector<Config> space;
            for (const auto& config : search_space(*problem.family, target, problem.traits))
                if (config.values["segments"] <= 2) space.push_back(config);
            const std::size_t step = sample ? std::max<std::size_t>(1, space.size() / sample) : 1;
            for (std::size_t i = step / 2; i < space.size(); i += step)
                list.push_back({target, problem, space[i], false});
        }
    return list;
}

} // namespace

int main(int argc, char** argv) try {
    std::size_t sample = 0;
    unsigned threads = std::thread::hardware_concurrency();
    std::vector<std::string> names = {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"};
    CLI::App app{"Compiles the search space with NVRTC for every generation of GPUs"};
    app.add_option("--sample", sample, "configurations of each space (default: all)");
    app.add_option("--threads", threads, "compilers at once")->check(CLI::PositiveNumber);
    app.add_option("--target", names, "architectures");
    CLI11_PARSE(app, argc, argv);

    std::unique_ptr<Nvrtc> nvrtc;
    try {
        nvrtc = std::make_unique<Nvrtc>(Options::from_env().tools);
    } catch (const std::exception& error) {
        fmt::print("SKIP: {}\n", error.what());
        return 0;
    }
    std::vector<Target> targets;
    for (const auto& name : names) targets.push_back(Target::parse(name));
    const std::vector<Job> list = jobs(targets, sample);
    std::atomic<std::size_t> next = 0, compiled = 0, spilling = 0, failed = 0;
    std::mutex mutex;
    std::set<std::size_t> seen; // hashes of sources that were compiled
    const auto work = [&] {
        for (std::size_t i; (i = next++) < list.size();) {
            const Job& job = list[i];
            for (const auto& kernel :
                 job.config.algorithm->generate(job.target, job.problem.traits, job.config.values).kernels) {
                {
                    const std::lock_guard lock(mutex);
                    if (!seen.insert(std::hash<std::string>{}(kernel.source)).second) continue;
                }
                const auto report = [&](const std::string& what) {
                    const std::lock_guard lock(mutex);
                    fmt::print("{} {} {}: {}: {}\n", job.target.to_string(), job.problem.traits.to_string(),
                               job.config.to_string(), kernel.entry, what);
                };
                try {
                    const Binary binary = nvrtc->compile(kernel.source, kernel.entry, job.target);
                    ++compiled;
                    for (const auto& resources : cubin_resources(binary.bytes, binary.log))
                        if (resources.local_bytes > 0) {
                            ++spilling;
                            if (!job.is_default) continue;
                            ++failed;
                            report(fmt::format("the default uses {} bytes of local memory",
                                               resources.local_bytes));
                        }
                } catch (const std::exception& error) {
                    ++failed;
                    report(error.what());
                }
            }
        }
    };
    std::vector<std::jthread> pool;
    for (unsigned i = 0; i < threads; ++i) pool.emplace_back(work);
    pool.clear();
    fmt::print(
        "{} configurations, {} kernels compiled with {} for {} targets: {} failed, {} use local memory\n",
        list.size(), compiled.load(), nvrtc->version(), targets.size(), failed.load(), spilling.load());
    return failed ? 1 : 0;
} catch (const std::exception& error) {
    fmt::print(stderr, "chela_check_space: {}\n", error.what());
    return 2;
}
