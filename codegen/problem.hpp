#pragma once
// What is to be computed: a family, the traits that specialise its source, and the extents that do not.

#include "codegen/schema.hpp"
#include "codegen/tensor.hpp"

#include <functional>

namespace chela {

class Family;

struct Problem {
    const Family* family = nullptr;
    Values traits;  ///< head_dim, causal, dtype, …: part of the source
    Values extents; ///< batch, heads, length: launch arguments

    Problem() = default;
    /// Traits in their canonical form, so that equal problems have equal keys. Throws UserError where they
    /// contradict.
    Problem(const Family* family, const Values& traits, const Values& extents);

    DType dtype() const { return static_cast<DType>(traits["dtype"]); }
    /// How long a dimension of a tensor is, by its text (codegen/tensor.hpp).
    std::int64_t dim(std::string_view text) const;
    /// The tensors that problems of these traits have, in the family's order.
    std::vector<std::reference_wrapper<const TensorSpec>> tensors() const;
    std::vector<std::string> dims(const TensorSpec&) const;
    std::vector<std::int64_t> shape(const TensorSpec&) const;
    DType dtype(const TensorSpec& tensor) const { return tensor.dtype(traits); }
    /// "linear_attention head_dim=128 … | batch=8 heads=16 length=4096".
    std::string to_string() const;
    friend bool operator==(const Problem&, const Problem&) = default;
};

/// One algorithm of a family with a value for each of its tunables.
class Algorithm;
struct Config {
    const Algorithm* algorithm = nullptr;
    Values values;
    /// "mma chunk=64 warps=8 stages=2".
    std::string to_string() const;
    friend bool operator==(const Config&, const Config&) = default;
};

} // namespace chela
