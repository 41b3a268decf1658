#include "tests/numerics/long_conv_grid.hpp"

#include "tests/numerics/split.hpp"
#include "tests/numerics/tensors_on_device.hpp"

#include <cmath>
#include <numeric>

namespace chela::tests {

namespace {

constexpr DType dtypes[] = {DType::bf16, DType::fp16, DType::fp32};
constexpr ConvLayout layouts[] = {ConvLayout::channels_last, ConvLayout::channels_first};
constexpr int lengths[] = {0, 1, 2, 15, 63, 64, 65, 131, 500, 1000, 1021, 2048};
constexpr int channel_counts[] = {1, 3, 64, 100};
constexpr int batches[] = {1, 9, 2};

class Grid {
  public:
    explicit Grid(GridSize size) : full_(size == GridSize::full) {}

    void add(const LongConv& problem, const VerifyOptions& options = {}) {
        cases_.push_back({problem, options});
        cases_.back().options.seed = 1000 + cases_.size();
    }
    std::vector<Case> take() { return std::move(cases_); }

    /// Lengths by kernels as long, shorter and of one entry, with all traits in turn.
    void lengths_and_kernels() {
        std::size_t next = 0;
        for (const ConvLayout layout : layouts)
            for (const DType dtype : dtypes)
                for (const int length : lengths) {
                    if (!full_ && length > 500 && length != 1021) continue;
                    for (const int kernel_length : {length, length / 3, 100, 1}) {
                        ++next;
                        if (kernel_length < 1 || (kernel_length == 100 && length < 131)) continue;
                        if (!full_ && next % 5 > 1) continue;
                        const int channels = channel_counts[next / 2 % 4];
                        const bool many = channels > 3 && (!full_ || length > 2000);
                        add({.bidirectional = next % 2 == 0,
                             .skip = next % 3 == 0,
                             .layout = layout,
                             .dtype = dtype,
                             // Few sources for the emulator to compile.
                             .alignment = full_ ? 0 : static_cast<int>(size_of(dtype)),
                             .batch = batches[next / 4 % 3],
                             .length = length,
                             .kernel_length = kernel_length,
                             .channels = many ? 9 : channels});
                    }
                }
    }

    /// Every combination of the traits, at channels and batches that fill tiles and do not.
    void traits() {
        for (const ConvLayout layout : layouts)
            for (const DType dtype : dtypes)
                for (const bool bidirectional : {false, true})
                    for (const bool skip : {false, true})
                        for (const int channels : {16, 100}) {
                            if (!full_ && channels == 100 && skip == bidirectional) continue;
                            add({.bidirectional = bidirectional,
                                 .skip = skip,
                                 .layout = layout,
                                 .dtype = dtype,
                                 .batch = channels == 16 ? 3 : 1,
                                 .length = channels == 16 ? 200 : 300,
                                 .kernel_length = channels == 16 ? 200 : 77,
                                 .channels = full_ || channels == 16 ? channels : 20});
                        }
        for (const ConvLayout layout : layouts)
            for (const auto& [batch, channels] : {std::pair{0, 8}, {2, 0}, {full_ ? 66000 : 300, 1}})
                add({.layout = layout,
                     .batch = batch,
                     .length = 5,
                     .kernel_length = 4,
                     .channels = channels});
        if (full_)
            for (const ConvLayout layout : layouts)
                for (const DType dtype : dtypes)
                    add({.bidirectional = true,
                         .layout = layout,
                         .dtype = dtype,
                         .length = 200001,
                         .kernel_length = 33,
                         .channels = 2});
        // States of more inputs than the sequence has, of fewer, and of none.
        for (const ConvLayout layout : layouts)
            for (const DType dtype : dtypes)
                for (const auto& [length, kernel_length] :
                     {std::pair{1, 300}, {70, 200}, {300, 70}, {40, 1}, {0, 20}, {600, 513}})
                    add({.skip = length == 70,
                         .state = ConvState::carried,
                         .layout = layout,
                         .dtype = dtype,
                         .batch = 2,
                         .length = length,
                         .kernel_length = kernel_length,
                         .channels = full_ ? 21 : 9});
        // Kernels longer than the sequence: what reaches beyond it meets zeros.
        for (const DType dtype : dtypes)
            for (const bool bidirectional : {false, true})
                add({.bidirectional = bidirectional,
                     .dtype = dtype,
                     .length = 70,
                     .kernel_length = 1000,
                     .channels = 8});
    }

    void values() {
        for (const ConvLayout layout : layouts)
            for (const DType dtype : dtypes) {
                const LongConv problem{.bidirectional = layout == ConvLayout::channels_last,
                                       .skip = true,
                                       .layout = layout,
                                       .dtype = dtype,
                                       .batch = 2,
                                       .length = 144,
                                       .kernel_length = 144,
                                       .channels = 24};
                add(problem, {.value_scale = 1e-3});
                add(problem, {.value_scale = 1e3});
                LongConv small = problem;
                small.skip = false;
                // Kernels that 16-bit numbers as they are would lose, or not hold.
                for (const double scale : {1e-6, 1e6})
                    add(small, {.value_scale = scale < 1 ? 1e3 : 1e-4,
                                .values = {{"kernel", {scale, -2 * scale, 0.3 * scale, 1e-3 * scale}},
                                           {"kernel_backward", {scale, 0.7 * scale, -scale}}}});
                add(problem, {.layout = Layout::heads_first});
                for (const int alignment : {dtype == DType::fp32 ? 4 : 2, 4, 8, 16}) {
                    if (!full_ && alignment == 8) continue;
                    LongConv narrow = problem;
                    narrow.alignment = alignment;
                    narrow.length = 133, narrow.channels = 21;
                    add(narrow, {.layout = Layout::padded_rows});
                }
            }
    }

  private:
    bool full_;
    std::vector<Case> cases_;
};

} // namespace

std::vector<Case> long_conv_grid(GridSize size) {
    Grid grid(size);
    grid.lengths_and_kernels();
    grid.traits();
    grid.values();
    return grid.take();
}

std::vector<std::string> run_wgmma(Session& session, GridSize size) {
    std::vector<Run> runs;
    const Target target = session.device().target();
    for (const Case& entry : long_conv_grid(size)) {
        const Algorithm& with = entry.problem.family->algorithm("toeplitz_wgmma");
        if (with.rejects(target, entry.problem.traits).empty()) // not fp32
            runs.push_back({entry, {&with, with.default_config(target, entry.problem)}});
    }
    std::size_t next = 0;
    for (const Problem problem : long_conv_spaces())
        for (const Config& config : search_space(*problem.family, target, problem.traits))
            if (config.algorithm->name() == "toeplitz_wgmma" && next++ % 5 == 0)
                runs.push_back({{problem, {}}, config});
    return run_all(session, runs);
}

std::vector<LongConv> long_conv_spaces() {
    std::vector<LongConv> list;
    for (const ConvLayout layout : layouts)
        for (const DType dtype : {DType::bf16, DType::fp32})
            list.push_back({.bidirectional = true,
                            .skip = true,
                            .layout = layout,
                            .dtype = dtype,
                            .alignment = 16,
                            .batch = 9,
                            .length = 600,
                            .kernel_length = 480,
                            .channels = 24});
    for (const ConvLayout layout : layouts) // transforms on tensor cores
        list.push_back({.bidirectional = layout == ConvLayout::channels_last,
                        .skip = true,
                        .layout = layout,
                        .dtype = layout == ConvLayout::channels_last ? DType::fp16 : DType::bf16,
                        .alignment = 16,
                        .batch = 3,
                        .length = 2504,
                        .kernel_length = 1500,
                        .channels = 8});
    return list;
}

std::vector<std::pair<LongConv, std::vector<int>>> long_conv_splits() {
    std::vector<std::pair<LongConv, std::vector<int>>> list;
    for (const ConvLayout layout : layouts)
        for (const DType dtype : {DType::fp32, DType::bf16})
            for (const int kernel_length : {1, 50, 300})
                for (const auto& pieces : {std::vector<int>(20, 1), {170, 1, 2, 140, 3}, {0, 100, 0, 1}})
                    list.push_back({{.skip = true,
                                     .layout = layout,
                                     .dtype = dtype,
                                     .batch = 2,
                                     .kernel_length = kernel_length,
                                     .channels = 10},
                                    pieces});
    return list;
}

double split_difference(Session& session, LongConv description, const std::vector<int>& pieces) {
    description.alignment = static_cast<int>(size_of(description.dtype)); // pieces begin anywhere
    description.length = std::accumulate(pieces.begin(), pieces.end(), 0);
    description.state = ConvState::carried;
    return split_difference(session, description, description, pieces);
}

double shift_difference(Session& session, LongConv description, int lag) {
    description.layout = ConvLayout::channels_first;
    description.bidirectional = lag < 0;
    const Problem problem = description;
    const auto count = static_cast<std::size_t>(description.channels * description.length),
               kernel_count = static_cast<std::size_t>(description.channels * description.kernel_length);
    std::vector<double> x, kernel(kernel_count), backward(kernel_count);
    const RandomValues random(11, "x");
    for (std::size_t i = 0; i < count; ++i) x.push_back(round_to(problem.dtype(), random(i)));
    for (int channel = 0; channel < description.channels; ++channel)
        (lag < 0 ? backward
                 : kernel)[static_cast<std::size_t>(channel * description.kernel_length + std::abs(lag))] = 1;
    TensorsOnDevice memory(session.device());
    memory.put("x", x, problem.dtype());
    memory.put("kernel", kernel, DType::fp32);
    memory.put("kernel_backward", backward, DType::fp32);
    memory.put("y", std::vector<double>(count), problem.dtype());
    const Op op = session.get(problem);
    Arguments arguments = op.arguments();
    for (const TensorSpec& spec : problem.tensors()) arguments.tensor(spec.name, memory.at(spec.name));
    memory.lend_workspace(op, arguments);
    op.launch(nullptr, arguments);
    session.device().synchronize();
    const std::vector<double> y = memory.get("y", count, problem.dtype());
    double largest = 0;
    for (int channel = 0; channel < description.channels; ++channel)
        for (int token = 0; token < description.length; ++token) {
            const int from = token - lag, row = channel * description.length;
            const double wanted =
                from < 0 || from >= description.length ? 0 : x[static_cast<std::size_t>(row + from)];
            largest = std::max(largest, std::abs(y[static_cast<std::size_t>(row + token)] - wanted));
        }
    return largest;
}

} // namespace chela::tests
