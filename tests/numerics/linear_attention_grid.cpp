#include "tests/numerics/linear_attention_grid.hpp"

#include "runtime/reference_slices.hpp"

#include <algorithm>
#include <cmath>
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

std::vector<Case> linear_attention_grid(GridSize size) {
    const bool full = size == GridSize::full;
    std::vector<Case> grid;
    std::uint64_t seed = 1000;
    const auto add = [&](LinearAttention problem, const Element& element, std::int64_t segments,
                         VerifyOptions options = {}) {
        problem.dtype = element.dtype;
        problem.math = element.math;
        options.seed = ++seed;
        grid.push_back({problem, options, segments});
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
                // Pieces of several chunks, which need not be alike.
                if (!full && head_dim == 16) add(with(1, 1100, 1), element, 5);
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

namespace {

/// One tensor of the whole sequence on the device.
struct SplitTensor {
    const TensorSpec* spec;
    std::int64_t elements,
        token_elements; ///< of everything; from a token to the next, 0 where there are none
    float* memory;
};

} // namespace

double split_difference(Session& session, const LinearAttention& description, int first_length) {
    const Problem whole = description;
    Device& device = session.device();
    std::vector<SplitTensor> tensors;
    float* pieces = nullptr; // the outputs of the two pieces
    std::int64_t outputs = 0;
    for (const TensorSpec& spec : whole.tensors()) {
        const auto shape = whole.shape(spec);
        const bool per_token = spec.rank() > 1 && spec.dims[1] == "length";
        const auto count = product(shape);
        const auto bytes = static_cast<std::size_t>(count) * 4;
        tensors.push_back({&spec, count, per_token ? dense_strides(shape)[1] : 0,
                           static_cast<float*>(device.allocate(bytes))});
        if (spec.role == TensorSpec::Role::input) {
            const InputValues values(whole, spec, {.seed = static_cast<std::uint64_t>(first_length)});
            std::vector<float> host(static_cast<std::size_t>(count));
            for (std::int64_t i = 0; i < count; ++i) host[static_cast<std::size_t>(i)] = float(values(i));
            device.copy_in(tensors.back().memory, host.data(), bytes);
        }
        if (spec.name == "o") {
            pieces = static_cast<float*>(device.allocate(bytes));
            outputs = count;
        }
    }
    const auto find = [&](std::string_view name) {
        return std::find_if(tensors.begin(), tensors.end(),
                            [&](const SplitTensor& tensor) { return tensor.spec->name == name; })
            ->memory;
    };
    const auto launch = [&](int begin, int count, float* out, bool resume, bool keep) {
        LinearAttention part = description;
        part.length = count;
        const Op op = session.get(part);
        Arguments arguments = op.arguments();
        for (const SplitTensor& tensor : tensors) {
            float* memory = tensor.spec->name == "o" ? out : tensor.memory;
            if (tensor.spec->role == TensorSpec::Role::optional_input) {
                if (!resume) continue; // from where the first piece left what comes before
                memory = find("final" + tensor.spec->name.substr(tensor.spec->name.find('_')));
            }
            if (tensor.spec->role == TensorSpec::Role::optional_output && !keep) continue;
            arguments.tensor(tensor.spec->name, memory + begin * tensor.token_elements,
                             dense_strides(whole.shape(*tensor.spec)));
        }
        const std::size_t bytes = op.workspace_bytes(arguments);
        void* const workspace = device.allocate(std::max<std::size_t>(bytes, 16));
        arguments.workspace(workspace, bytes);
        op.launch(nullptr, arguments);
        device.synchronize();
        device.free(workspace);
    };
    launch(0, description.length, find("o"), false, false);
    launch(0, first_length, pieces, false, true);
    launch(first_length, description.length - first_length, pieces, true, false);
    std::vector<float> expected(static_cast<std::size_t>(outputs)), got(expected.size());
    device.copy_out(expected.data(), find("o"), expected.size() * 4);
    device.copy_out(got.data(), pieces, got.size() * 4);
    device.free(pieces);
    for (const SplitTensor& tensor : tensors) device.free(tensor.memory);
    double difference = 0, square = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        difference += std::pow(static_cast<double>(expected[i]) - static_cast<double>(got[i]), 2);
        square += std::pow(static_cast<double>(expected[i]), 2);
    }
    return std::sqrt(difference / square);
}

} // namespace chela::tests
