#include "tests/numerics/short_long_conv_grid.hpp"

#include "tests/numerics/tensors_on_device.hpp"

namespace chela::tests {

namespace {

constexpr DType dtypes[] = {DType::bf16, DType::fp16, DType::fp32};
constexpr ConvLayout layouts[] = {ConvLayout::channels_last, ConvLayout::channels_first};
constexpr Arrangement arrangements[] = {Arrangement::sequential, Arrangement::parallel};
constexpr int lengths[] = {0, 1, 2, 15, 63, 64, 65, 131, 500, 1000, 1021, 2048};
constexpr int widths[] = {2, 3, 4, 7, 32};
constexpr int channel_counts[] = {1, 3, 64, 100};

} // namespace

std::vector<Case> short_long_conv_grid(GridSize size) {
    const bool full = size == GridSize::full;
    std::vector<Case> cases;
    const auto add = [&](const ShortLongConv& problem, const VerifyOptions& options = {}) {
        cases.push_back({problem, options});
        cases.back().options.seed = 1000 + cases.size();
    };
    std::size_t next = 0;
    for (const Arrangement arrangement : arrangements)
        for (const ConvLayout layout : layouts)
            for (const DType dtype : dtypes) {
                const bool sequential = arrangement == Arrangement::sequential;
                for (const int length : lengths) {
                    ++next;
                    if (!full && (length > 500 || next % 2 == 0)) continue;
                    const int channels = channel_counts[next % 4];
                    add({.arrangement = arrangement,
                         .width = widths[next % 5],
                         .activation = next % 7 == 0 ? Activation::none : Activation::silu,
                         .bias = sequential && next % 2 == 0,
                         .skip = next % 3 == 0,
                         .layout = layout,
                         .dtype = dtype,
                         .alignment = full ? 0 : static_cast<int>(size_of(dtype)),
                         .batch = 1 + static_cast<int>(next / 4 % 5),
                         .length = length,
                         .kernel_length = next % 3 == 1 ? std::max(32, length) : 32 + length / 3,
                         .channels = full ? channels : std::min(channels, 9)});
                }
                ShortLongConv plain{.arrangement = arrangement,
                                    .bias = sequential,
                                    .skip = true,
                                    .layout = layout,
                                    .dtype = dtype,
                                    .batch = 2,
                                    .length = 144,
                                    .kernel_length = 144,
                                    .channels = 24};
                add(plain, {.value_scale = 1e-3});
                add(plain, {.value_scale = 1e3});
                add(plain, {.layout = Layout::heads_first});
                plain.length = 133, plain.channels = 21;
                for (const int alignment : {4, 16}) {
                    plain.alignment = alignment;
                    add(plain, {.layout = Layout::padded_rows});
                }
                if (full)
                    add({.arrangement = arrangement,
                         .layout = layout,
                         .dtype = dtype,
                         .batch = 66000,
                         .length = 3,
                         .kernel_length = 32,
                         .channels = 1});
                for (const auto& [batch, channels] : {std::pair{0, 8}, {2, 0}})
                    add({.arrangement = arrangement,
                         .layout = layout,
                         .dtype = dtype,
                         .batch = batch,
                         .length = 5,
                         .kernel_length = 32,
                         .channels = channels});
            }
    return cases;
}

std::vector<std::string> run_short_transforms(Session& session, GridSize size) {
    std::vector<Run> runs;
    std::size_t next = 0;
    const Target target = session.device().target();
    const auto add = [&](const char* algorithm, int length, int kernel_length, int channels) {
        for (const ConvLayout layout : layouts)
            for (const auto& [arrangement, fused] : {std::pair{Arrangement::sequential, true},
                                                     {Arrangement::sequential, false},
                                                     {Arrangement::parallel, true}}) {
                ++next;
                const bool sequential = arrangement == Arrangement::sequential;
                if (size == GridSize::reduced && sequential && !fused && next % 4 != 0) continue;
                if (size == GridSize::reduced && length > 1000 && !fused) continue;
                const DType dtype = dtypes[next % 3];
                const Problem problem =
                    ShortLongConv{.arrangement = arrangement,
                                  .width = widths[next % 5],
                                  .bias = sequential && next % 2 == 0,
                                  .skip = next % 4 == 0,
                                  .layout = layout,
                                  .dtype = dtype,
                                  .alignment = next % 7 == 0 ? static_cast<int>(size_of(dtype)) : 0,
                                  .batch = 2,
                                  .length = length,
                                  .kernel_length = kernel_length,
                                  .channels = channels};
                const Algorithm& with = problem.family->algorithm(algorithm);
                if (dtype == DType::fp32 && with.name() == "fft_mma") continue; // of 16-bit elements
                Config config{&with, with.default_config(target, problem)};
                config.values.set("fused", fused);
                VerifyOptions options;
                options.seed = 5000 + next;
                runs.push_back({{problem, options}, config});
            }
    };
    // Outputs of one transform, of several, and so many that they are not all there.
    for (const auto& [length, kernel_length] : {std::pair{1, 32}, {300, 40}, {333, 333}})
        add("fft", length, kernel_length, 5);
    add("fft_split", 20011, 9000, 1);
    for (const auto& [length, kernel_length] : {std::pair{2500, 2500}, {4099, 1500}})
        add("fft_mma", length, kernel_length, 2);
    if (size == GridSize::reduced) return run_all(session, runs);
    for (const auto& [length, kernel_length] :
         {std::pair{2048, 2048}, {4099, 4099}, {10000, 1024}, {8192, 8192}})
        add("fft", length, kernel_length, 7);
    for (const auto& [length, kernel_length] :
         {std::pair{2048, 2048}, {4099, 4099}, {10000, 4096}, {8192, 8192}})
        add("fft_mma", length, kernel_length, 7);
    for (const auto& [length, kernel_length] : {std::pair{65536, 65536}, {131101, 131101}, {200001, 16384}})
        add("fft_split", length, kernel_length, 1);
    return run_all(session, runs);
}

std::vector<ShortLongConv> short_long_conv_spaces() {
    std::vector<ShortLongConv> list;
    for (const Arrangement arrangement : arrangements)
        for (const ConvLayout layout : layouts)
            for (const DType dtype : {DType::bf16, DType::fp32})
                list.push_back({.arrangement = arrangement,
                                .width = 5,
                                .bias = arrangement == Arrangement::sequential,
                                .skip = true,
                                .layout = layout,
                                .dtype = dtype,
                                .alignment = 16,
                                .batch = 3,
                                .length = 600,
                                .kernel_length = 480,
                                .channels = 24});
    return list;
}

double merge_difference(Session& session) {
    constexpr int width = 4, length = 300, kernel_length = 200, channels = 5;
    const auto random = [](const char* name, std::size_t count) {
        std::vector<double> values(count);
        const RandomValues of(17, name);
        for (std::size_t i = 0; i < count; ++i) values[i] = round_to(DType::fp32, of(i));
        return values;
    };
    const auto as_floats = [](const std::vector<double>& values) {
        return std::vector<float>(values.begin(), values.end());
    };
    const std::vector<double> x = random("x", length * channels),
                              kernel = random("kernel", channels * kernel_length),
                              weight = random("weight", channels * width);
    const std::vector<float> merged =
        merge_kernels(as_floats(kernel), as_floats(weight), channels, kernel_length, width);
    const Target target = session.device().target();
    const auto run = [&](const Problem& problem, const std::vector<double>& of_kernel) {
        TensorsOnDevice memory(session.device());
        memory.put("x", x, DType::fp32);
        memory.put("kernel", of_kernel, DType::fp32);
        memory.put("weight", weight, DType::fp32);
        memory.put("y", std::vector<double>(x.size()), DType::fp32);
        // The same sums in the same order: the CUDA cores' transforms, which only one of the families has,
        // differ.
        const bool transforms = default_config(target, problem).algorithm->name().starts_with("fft");
        const Algorithm* const direct = transforms ? &problem.family->algorithm("direct") : nullptr;
        const Op op = direct ? session.get(problem, Config{direct, direct->default_config(target, problem)})
                             : session.get(problem);
        Arguments arguments = op.arguments();
        for (const TensorSpec& spec : problem.tensors()) arguments.tensor(spec.name, memory.at(spec.name));
        memory.lend_workspace(op, arguments);
        const Prepared prepared = op.prepare(nullptr, arguments);
        op.launch(nullptr, arguments, prepared);
        session.device().synchronize();
        return memory.get("y", x.size(), DType::fp32);
    };
    const std::vector<double> by_family = run(ShortLongConv{.arrangement = Arrangement::parallel,
                                                            .width = width,
                                                            .activation = Activation::none,
                                                            .dtype = DType::fp32,
                                                            .length = length,
                                                            .kernel_length = kernel_length,
                                                            .channels = channels},
                                              kernel),
                              by_merged = run(LongConv{.dtype = DType::fp32,
                                                       .length = length,
                                                       .kernel_length = kernel_length,
                                                       .channels = channels},
                                              std::vector<double>(merged.begin(), merged.end()));
    double largest = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        largest = std::max(largest, std::abs(by_family[i] - by_merged[i]));
    return largest;
}

} // namespace chela::tests
