#pragma once
// Where the elements of a tensor lie in memory: the layouts that a verification tries.

#include "codegen/problem.hpp"

#include <string_view>

namespace chela {

enum class Layout {
    contiguous,  ///< in the order of the spec, e.g. [batch, length, heads, head_dim]
    heads_first, ///< independent extents outermost: [batch, heads, length, head_dim] in memory
    padded_rows, ///< a gap after each row, and a first element that is aligned no better than promised
};
std::string_view to_string(Layout);
Layout layout_from(std::string_view); ///< throws UserError

/// All in elements.
struct Placement {
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides; ///< of each dimension; the last is 1
    std::int64_t first = 0;            ///< offset of the first element from an address aligned to 256 bytes
    std::int64_t span = 0;             ///< from the first element to the last, gaps included

    std::int64_t count() const; ///< of elements, without gaps
    bool dense() const { return span == count(); }
};

/// Rows keep the alignment that the problem promises (Family::alignment).
Placement place(const Problem&, const TensorSpec&, Layout);
/// Whether contiguous tensors keep the alignment that the problem promises.
bool may_be_contiguous(const Problem&);

std::int64_t product(std::span<const std::int64_t>);
/// Strides of a dense tensor in the order of its dims.
std::vector<std::int64_t> dense_strides(std::span<const std::int64_t> shape);
/// Rows of the last dimension; a tensor without elements has none.
std::int64_t row_count(std::span<const std::int64_t> shape);
/// Offset of the first element of a row, rows numbered in the order of the dims.
std::int64_t row_offset(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides,
                        std::int64_t row);

} // namespace chela
