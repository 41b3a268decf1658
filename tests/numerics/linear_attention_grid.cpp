#include "tests/numerics/linear_attention_grid.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <random>
#include <span>

namespace chela::tests {

namespace {

struct Element {
    DType dtype;
    Math math;
};
constexpr Element elements[] = {{DType::bf16, Math::ieee},
                                {DType::fp16, Math::ieee},
                                {DType::fp32, Math::ieee},
                                {DType::fp32, Math::tf32}};
constexpr std::pair<int, int> reduced_dims[] = {{16, 16}, {64, 16}, {60, 100}, {128, 64}};
constexpr std::pair<int, int> full_dims[] = {{16, 16},   {32, 64},   {60, 60},   {64, 64},
                                             {64, 16},   {100, 32},  {60, 100},  {128, 128},
                                             {128, 256}, {256, 128}, {256, 256}, {9, 33}};

} // namespace

std::vector<GridCase> linear_attention_grid(GridSize size) {
    const bool full = size == GridSize::full;
    std::vector<GridCase> grid;
    std::uint64_t seed = 1000;
    const auto add = [&](LinearAttention problem, const Element& element, std::int64_t segments,
                         VerifyOptions options = {}) {
        problem.dtype = element.dtype;
        problem.math = element.math;
        options.seed = ++seed;
        grid.push_back({problem, segments, options});
    };
    for (const auto& element : elements)
        for (const auto& [head_dim, value_dim] :
             full ? std::span<const std::pair<int, int>>(full_dims) : reduced_dims) {
            for (const bool causal : {true, false}) {
                const LinearAttention base{.head_dim = head_dim, .value_dim = value_dim, .causal = causal};
                const auto with = [&](int batch, int length, int heads) {
                    LinearAttention problem = base;
                    problem.batch = batch, problem.length = length, problem.heads = heads;
                    return problem;
                };
                const std::vector<int> lengths =
                    full ? std::vector{0, 1, 2, 15, 63, 64, 65, 500} : std::vector{0, 1, 65, 200};
                for (const int length : lengths) add(with(2, length, 2), element, length % 2 ? 1 : 4);
                if (!full) continue;
                add(with(1, 1000, 1), element, 1);
                add(with(1, 2048, 1), element, 8);
            }
        }
    for (const auto& element : elements) {
        const LinearAttention base{.head_dim = 64, .batch = 2, .length = full ? 300 : 130, .heads = 3};
        for (const double scale : {1e-3, 1e3}) add(base, element, 1, {.value_scale = scale});
        for (const Layout layout : {Layout::heads_first, Layout::padded_rows})
            add(base, element, 2, {.layout = layout});
        add(base, element, 1, {.optional_inputs = false});
        add(base, element, 2, {.optional_inputs = false, .optional_outputs = false});
        add(base, element, 1, {.scalars = {{"scale", -3.0}}});
        LinearAttention narrow = base; // rows aligned to an element only
        narrow.alignment = element.dtype == DType::fp32 ? 4 : 2;
        add(narrow, element, 1);
        add(LinearAttention{.head_dim = 16, .batch = full ? 66000 : 700, .length = 3, .heads = 1}, element,
            1);
        add(
            LinearAttention{
                .head_dim = 16, .causal = false, .batch = 1, .length = 3, .heads = full ? 66000 : 700},
            element, 2);
        add(LinearAttention{.head_dim = 16, .batch = 0, .length = 30, .heads = 2}, element, 1);
        add(LinearAttention{.head_dim = 16, .batch = 2, .length = 30, .heads = 0}, element, 2);
    }
    return grid;
}

std::string describe(const GridCase& entry) {
    return fmt::format("{}, segments {}, {}", Problem(entry.problem).to_string(), entry.segments,
                       entry.options.to_string());
}

std::string run_case(Session& session, const GridCase& entry, int& skipped) {
    const Problem problem = entry.problem;
    const Target target = session.device().target();
    if (target.backend == Backend::cpu && entry.problem.math == Math::tf32) {
        ++skipped;
        return {};
    }
    Config config = default_config(target, problem);
    config.values.set("segments", entry.segments);
    const VerifyResult result = session.verify(session.get(problem, config), entry.options);
    return result.passed
               ? std::string()
               : fmt::format("{}\n    config {}\n    {}", describe(entry), config.to_string(), result.detail);
}

double split_difference(Session& session, const LinearAttention& description, int first_length) {
    const Problem whole = description;
    Device& device = session.device();
    const auto rows = static_cast<std::size_t>(description.batch * description.heads);
    const auto d = static_cast<std::size_t>(whole.traits["head_dim"]),
               e = static_cast<std::size_t>(whole.traits["value_dim"]);
    const auto length = static_cast<std::size_t>(description.length);
    std::mt19937 random(static_cast<unsigned>(first_length));
    std::normal_distribution<float> normal;
    const auto filled = [&](std::size_t count) {
        std::vector<float> host(count);
        for (auto& x : host) x = normal(random);
        void* memory = device.allocate(count * 4);
        device.copy_in(memory, host.data(), count * 4);
        return static_cast<float*>(memory);
    };
    float* const q = filled(rows * length * d);
    float* const k = filled(rows * length * d);
    float* const v = filled(rows * length * e);
    float* const o = filled(rows * length * e);
    float* const pieces = filled(rows * length * e);
    float* const state = filled(rows * d * e);
    void* const workspace = device.allocate(256 * rows * d * e * 4);
    const auto launch = [&](std::size_t begin, std::size_t count, float* out, bool resume, bool keep) {
        LinearAttention part = description;
        part.length = static_cast<int>(count);
        const Op op = session.get(part);
        Arguments arguments = op.arguments();
        const auto strides = [&](std::size_t dim) {
            const auto h = static_cast<std::int64_t>(description.heads), w = static_cast<std::int64_t>(dim);
            return std::array<std::int64_t, 4>{static_cast<std::int64_t>(length) * h * w, h * w, w, 1};
        };
        const std::size_t skip = begin * static_cast<std::size_t>(description.heads);
        arguments.tensor("q", q + skip * d, strides(d)).tensor("k", k + skip * d, strides(d));
        arguments.tensor("v", v + skip * e, strides(e)).tensor("o", out + skip * e, strides(e));
        if (resume) arguments.tensor("initial_state", state);
        if (keep) arguments.tensor("final_state", state);
        arguments.workspace(workspace, 256 * rows * d * e * 4);
        op.launch(nullptr, arguments);
        device.synchronize();
    };
    const auto first = static_cast<std::size_t>(first_length);
    launch(0, length, o, false, false);
    launch(0, first, pieces, false, true);
    launch(first, length - first, pieces, true, false);
    std::vector<float> expected(rows * length * e), got(expected.size());
    device.copy_out(expected.data(), o, expected.size() * 4);
    device.copy_out(got.data(), pieces, got.size() * 4);
    for (void* memory :
         {static_cast<void*>(q), static_cast<void*>(k), static_cast<void*>(v), static_cast<void*>(o),
          static_cast<void*>(pieces), static_cast<void*>(state), workspace})
        device.free(memory);
    double difference = 0, square = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        difference += std::pow(static_cast<double>(expected[i]) - static_cast<double>(got[i]), 2);
        square += std::pow(static_cast<double>(expected[i]), 2);
    }
    return std::sqrt(difference / square);
}

} // namespace chela::tests
