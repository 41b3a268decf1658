#include "runtime/placement.hpp"

#include "codegen/error.hpp"
#include "codegen/family.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <functional>
#include <numeric>

namespace chela {
namespace {

constexpr std::array<std::string_view, 3> layout_names{"contiguous", "heads_first", "padded_rows"};

/// Dimensions from the outermost in memory to the innermost.
std::vector<std::size_t> memory_order(const Problem& problem, const TensorSpec& spec, Layout layout) {
    const auto& independent = problem.family->independent_extents();
    const std::vector<std::string> dims = problem.dims(spec);
    const auto goes_first = [&](std::size_t dim) { // the last dimension keeps its unit stride
        return layout == Layout::heads_first && dim + 1 < spec.rank() &&
               std::ranges::find(independent, dims[dim]) != independent.end();
    };
    std::vector<std::size_t> order;
    for (const bool first : {true, false}) {
        for (std::size_t dim = 0; dim < spec.rank(); ++dim) {
            if (goes_first(dim) == first) order.push_back(dim);
        }
    }
    return order;
}

} // namespace

std::string_view to_string(Layout layout) { return layout_names[static_cast<std::size_t>(layout)]; }

Layout layout_from(std::string_view name) {
    const auto found = std::ranges::find(layout_names, name);
    if (found == layout_names.end()) {
        throw UserError(fmt::format("layout '{}': must be one of {}", name, fmt::join(layout_names, ", ")));
    }
    return static_cast<Layout>(found - layout_names.begin());
}

std::int64_t Placement::count() const { return product(shape); }

Placement place(const Problem& problem, const TensorSpec& spec, Layout layout) {
    constexpr std::int64_t base_alignment = 256;
    const std::int64_t element_bytes = size_of(problem.dtype(spec));
    const std::int64_t alignment = problem.family->alignment(problem, spec) / element_bytes; // in elements
    Placement placement{.shape = problem.shape(spec), .strides = std::vector<std::int64_t>(spec.rank(), 1)};
    const std::vector<std::size_t> order = memory_order(problem, spec, layout);
    std::int64_t stride = 1;
    for (std::size_t level = order.size(); level-- > 0;) {
        const std::size_t dim = order[level];
        placement.strides[dim] = stride;
        stride *= std::max<std::int64_t>(placement.shape[dim], 1);
        if (layout == Layout::padded_rows && level + 1 == order.size()) {
            stride = (stride / alignment + 1) * alignment; // at least one element of gap
        }
    }
    if (layout == Layout::padded_rows) placement.first = alignment % (base_alignment / element_bytes);
    if (placement.count() > 0) {
        placement.span = 1;
        for (std::size_t dim = 0; dim < spec.rank(); ++dim) {
            placement.span += (placement.shape[dim] - 1) * placement.strides[dim];
        }
    }
    return placement;
}

bool may_be_contiguous(const Problem& problem) {
    return std::ranges::all_of(problem.tensors(), [&](const TensorSpec& spec) {
        const std::int64_t row_bytes = problem.shape(spec).back() * size_of(problem.dtype(spec));
        return row_bytes % problem.family->alignment(problem, spec) == 0;
    });
}

std::int64_t product(std::span<const std::int64_t> shape) {
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::vector<std::int64_t> dense_strides(std::span<const std::int64_t> shape) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t dim = shape.size(); dim-- > 1;) strides[dim - 1] = strides[dim] * shape[dim];
    return strides;
}

std::int64_t row_count(std::span<const std::int64_t> shape) {
    const std::int64_t count = product(shape);
    return count == 0 || shape.empty() ? count : count / shape.back();
}

std::int64_t row_offset(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides,
                        std::int64_t row) {
    std::int64_t offset = 0;
    for (std::size_t dim = shape.size(); dim-- > 1;) {
        const std::int64_t extent = shape[dim - 1];
        offset += row % extent * strides[dim - 1];
        row /= extent;
    }
    return offset;
}

} // namespace chela
