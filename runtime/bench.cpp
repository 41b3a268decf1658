#include "runtime/op.hpp"
#include "runtime/session.hpp"
#include "runtime/tensor_maps.hpp"
#include "runtime/verify.hpp"

#include <algorithm>
#include <chrono>
#include <list>

namespace chela {

namespace {

/// Device memory for every tensor of a problem, released when it goes.
class Tensors {
  public:
    Tensors(Device& device, const Op& op, Arguments& arguments) : device_(device) {
        for (const TensorSpec& spec : arguments.problem().tensors()) {
            std::size_t bytes = static_cast<std::size_t>(size_of(op.problem().dtype(spec)));
            for (const auto extent : arguments.problem().shape(spec))
                bytes *= static_cast<std::size_t>(extent);
            arguments.tensor(spec.name, allocate(bytes));
        }
        const std::size_t workspace = op.workspace_bytes(arguments);
        if (workspace) arguments.workspace(allocate(workspace), workspace);
    }
    ~Tensors() {
        for (void* memory : memory_) device_.free(memory);
    }
    Tensors(const Tensors&) = delete;
    Tensors& operator=(const Tensors&) = delete;

  private:
    void* allocate(std::size_t bytes) {
        const std::vector<std::byte> zeros(std::max<std::size_t>(bytes, 16));
        memory_.push_back(device_.allocate(zeros.size()));
        device_.copy_in(memory_.back(), zeros.data(), zeros.size());
        return memory_.back();
    }
    Device& device_;
    std::vector<void*> memory_;
};

struct Spread {
    double median = 0, quartiles = 0; ///< and the distance between the outer quartiles
    explicit Spread(std::vector<double> values) {
        if (values.empty()) return;
        std::sort(values.begin(), values.end());
        median = values[values.size() / 2];
        quartiles = values[values.size() * 3 / 4] - values[values.size() / 4];
    }
};

/// What a launch takes among others, which hide how long a launch on its own takes to begin and to end: a
/// graph of launches over sets of tensors that do not fit the cache together.
void time_in_graph(Device& device, const Op& op, const Program& program, const LoadedProgram& loaded,
                   int samples, BenchResult& result) {
    constexpr double longest_ms = 0.1; // longer ones do not notice
    constexpr std::int64_t most_sets = 128, least_launches = 32;
    const double bytes = op.problem().family->ideal_bytes(op.problem());
    if (device.cache_bytes() == 0 || result.median_ms > longest_ms || bytes == 0) return;
    const double beyond_cache = 2 * static_cast<double>(device.cache_bytes()) / bytes;
    const auto sets =
        std::clamp(static_cast<std::int64_t>(std::min(beyond_cache, 1e6)) + 1, std::int64_t{2}, most_sets);
    std::list<VerificationCase> cases;
    for (std::int64_t set = 0; set < sets; ++set) {
        const auto seed = static_cast<std::uint64_t>(set) + 1;
        cases.emplace_back(device, op.problem(), usual_options(op.problem(), seed), nullptr)
            .prepare(program, loaded);
    }
    std::vector<std::function<void(Stream)>> works;
    while (static_cast<std::int64_t>(works.size()) < std::max(sets, least_launches))
        for (VerificationCase& tensors : cases)
            works.emplace_back([&](Stream stream) { tensors.launch(program, loaded, Phase::run, stream); });
    const Spread times(device.time_graph(works, samples));
    result.graph_ms = times.median;
    result.graph_spread_ms = times.quartiles;
    result.graph_launches = static_cast<int>(works.size());
    result.graph_sets = static_cast<int>(sets);
}

/// Microseconds of one call of `launch`, the median over batches that are waited for in between.
double call_us(Device& device, const std::function<void()>& launch) {
    constexpr int batches = 51, calls = 64;
    std::vector<double> times;
    for (int batch = 0; batch < batches; ++batch) {
        device.synchronize();
        const auto begin = std::chrono::steady_clock::now();
        for (int call = 0; call < calls; ++call) launch();
        times.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() /
            calls);
    }
    device.synchronize();
    std::nth_element(times.begin(), times.begin() + batches / 2, times.end());
    return times[batches / 2];
}

} // namespace

BenchResult Session::bench(const Op& op, int samples) {
    const Op::State& state = *op.state_;
    Device& device = this->device();
    BenchResult result;
    VerificationCase& tensors_of_problem = verifier().prepare(op.problem(), usual_options(op.problem(), 1));
    const auto time = [&](Phase phase) {
        return Spread(
            device.time([&] { tensors_of_problem.launch(state.program, state.loaded, phase); }, samples));
    };
    tensors_of_problem.prepare(state.program, state.loaded);
    const Spread times = time(Phase::run);
    if (state.program.prepares()) {
        result.cold_ms = time(Phase::both).median;
        result.prepared_bytes =
            static_cast<std::size_t>(state.program.prepared_bytes.evaluate(op.problem().extents));
    }
    result.samples = samples;
    result.median_ms = times.median;
    result.spread_ms = times.quartiles;
    time_in_graph(device, op, state.program, state.loaded, samples, result);
    result.ideal_bytes = op.problem().family->ideal_bytes(op.problem());
    result.copy_bandwidth = device.copy_bandwidth();
    result.operations = op.problem().family->operations(op.problem(), op.config());
    result.peak_flops = device.peak_flops();
    const double seconds = result.median_ms / 1e3;
    if (seconds > 0) {
        result.share_of_copy = result.ideal_bytes / result.copy_bandwidth / seconds;
        if (result.graph_ms > 0)
            result.graph_share_of_copy = result.ideal_bytes / result.copy_bandwidth / (result.graph_ms / 1e3);
        if (result.peak_flops > 0) result.share_of_peak = result.operations / result.peak_flops / seconds;
    }

    // The smallest problem of these traits: what is left is what a call costs.
    Arguments arguments = op.arguments();
    for (const auto& extent : op.problem().family->extents())
        arguments.extent(extent.name, std::min(std::max<std::int64_t>(1, extent.minimum),
                                               arguments.problem().extents[extent.name]));
    const Tensors tensors(device, op, arguments);
    const Prepared prepared = op.prepare(nullptr, arguments);
    result.host_us = call_us(device, [&] { op.launch(nullptr, arguments, prepared); });
    std::vector<std::int64_t> grids;
    std::vector<MappedArguments> blocks;
    for (const auto& kernel : state.program.kernels) {
        grids.push_back(kernel.launch.grid.evaluate(arguments.problem().extents));
        blocks.emplace_back(device, kernel.boxes, arguments);
    }
    result.bare_us = call_us(device, [&] {
        for (std::size_t i = 0; i < grids.size(); ++i)
            if (grids[i] > 0 && !state.program.kernels[i].prepares)
                device.launch(*state.loaded.kernels[i], state.program.kernels[i].launch, grids[i],
                              blocks[i].block(), blocks[i].bytes(), nullptr);
    });
    return result;
}

} // namespace chela
