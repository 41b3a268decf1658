#include "runtime/reference_slices.hpp"

#include "runtime/parallel.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <set>

namespace chela {
namespace {

/// Independent extents that every output has: only then does a slice of the inputs determine a slice of each.
std::vector<std::string> sliced_extents(const Problem& problem) {
    std::vector<std::string> names;
    for (const std::string& name : problem.family->independent_extents()) {
        const bool in_all = std::ranges::all_of(problem.tensors(), [&](const TensorSpec& tensor) {
            const std::vector<std::string> dims = problem.dims(tensor);
            return !tensor.output() || std::ranges::find(dims, name) != dims.end();
        });
        if (in_all) names.push_back(name);
    }
    return names;
}

Problem slice_problem(const Problem& problem, const std::vector<std::string>& extents) {
    Problem slice = problem;
    for (const std::string& name : extents) slice.extents.set(name, 1);
    return slice;
}

/// Numbers of the slices to compute, of `total`.
std::set<std::int64_t> choose_slices(std::int64_t total, std::int64_t at_most, std::uint64_t seed) {
    std::set<std::int64_t> chosen;
    if (total <= at_most) {
        for (std::int64_t slice = 0; slice < total; ++slice) chosen.insert(chosen.end(), slice);
        return chosen;
    }
    chosen = {0, total - 1};
    for (std::uint64_t draw = 0; static_cast<std::int64_t>(chosen.size()) < at_most; ++draw) {
        chosen.insert(
            static_cast<std::int64_t>(mix_bits(seed ^ mix_bits(draw)) % static_cast<std::uint64_t>(total)));
    }
    return chosen;
}

} // namespace

std::string VerifyOptions::to_string() const {
    std::string text = fmt::format("seed {}, layout {}", seed, chela::to_string(layout));
    if (value_scale != 1) text += fmt::format(", values scaled by {}", value_scale);
    if (!optional_inputs) text += ", without optional inputs";
    if (!optional_outputs) text += ", without optional outputs";
    for (const auto& [name, value] : scalars) text += fmt::format(", {} {}", name, value);
    for (const auto& [name, list] : values) text += fmt::format(", {} [{}]", name, fmt::join(list, ", "));
    return text;
}

InputValues::InputValues(const Problem& problem, const TensorSpec& tensor, const VerifyOptions& options)
    : value_(problem.family->test_values(problem, tensor, options.value_scale)),
      random_(options.seed, tensor.name), dtype_(problem.dtype(tensor)) {
    const auto given = options.values.find(tensor.name);
    if (given != options.values.end()) given_ = &given->second;
}

std::map<std::string, double> scalars_of(const Problem& problem, const VerifyOptions& options) {
    std::map<std::string, double> values;
    for (const Family::Scalar& scalar : problem.family->scalars()) {
        if (!scalar.exists(problem.traits)) continue;
        const auto given = options.scalars.find(scalar.name);
        const double value = given == options.scalars.end() ? scalar.fallback(problem) : given->second;
        values[scalar.name] = round_to(DType::fp32, value);
    }
    return values;
}

std::int64_t ReferenceSlices::offset(const ReferenceSlice& slice, std::span<const std::string> dims,
                                     std::span<const std::int64_t> strides) const {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < extents.size(); ++i) {
        const auto dim = std::ranges::find(dims, extents[i]);
        if (dim != dims.end()) offset += slice.index[i] * strides[dim - dims.begin()];
    }
    return offset;
}

ReferenceSlices reference_slices(const Problem& problem, const VerifyOptions& options,
                                 std::int64_t elements) {
    const Family& family = *problem.family;
    ReferenceSlices result{sliced_extents(problem), {}};
    const Problem one = slice_problem(problem, result.extents);
    const auto scalars = scalars_of(problem, options);

    std::vector<std::int64_t> counts;
    counts.reserve(result.extents.size());
    for (const std::string& name : result.extents) counts.push_back(problem.extents[name]);
    std::int64_t elements_of_one = 1;
    for (const TensorSpec& tensor : problem.tensors()) elements_of_one += product(one.shape(tensor));
    const std::int64_t at_most = std::max<std::int64_t>(2, elements / elements_of_one);
    for (std::int64_t number : choose_slices(product(counts), at_most, options.seed)) {
        std::vector<std::int64_t> index(counts.size());
        for (std::size_t i = counts.size(); i-- > 0; number /= counts[i]) index[i] = number % counts[i];
        result.slices.push_back({std::move(index), {}});
    }

    parallel_each(result.slices.size(), [&](std::size_t number) {
        ReferenceSlice& slice = result.slices[number];
        HostTensors tensors;
        for (const TensorSpec& tensor : problem.tensors()) {
            if (!tensor.input() || !options.present(tensor)) continue;
            const InputValues values(problem, tensor, options);
            const auto strides = dense_strides(problem.shape(tensor));
            const std::int64_t first = result.offset(slice, problem.dims(tensor), strides);
            HostTensor& input = tensors[tensor.name];
            input.shape = one.shape(tensor);
            input.data.reserve(static_cast<std::size_t>(product(input.shape)));
            for (std::int64_t row = 0; row < row_count(input.shape); ++row) {
                const std::int64_t start = first + row_offset(input.shape, strides, row);
                for (std::int64_t column = 0; column < input.shape.back(); ++column) {
                    input.data.push_back(values(start + column));
                }
            }
        }
        family.reference(one, scalars, tensors);
        for (const TensorSpec& tensor : problem.tensors()) {
            if (tensor.output()) slice.outputs[tensor.name] = std::move(tensors.at(tensor.name));
        }
    });
    return result;
}

} // namespace chela
