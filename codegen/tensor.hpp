#pragma once
// How a family declares its tensors, and how a caller describes the memory behind them.

#include "codegen/schema.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chela {

enum class DType { bf16, fp16, fp32, int32 };
std::string_view to_string(DType);
std::int64_t size_of(DType); ///< bytes of one element

DType dtype_named(std::string_view); ///< throws UserError

/// What a dimension of a tensor is written as: an extent or a trait of the problem, a number, or "NAME +
/// NUMBER" or "NAME - NUMBER".
struct Dimension {
    std::string_view name; ///< empty for a number
    std::int64_t added = 0;
    static Dimension parse(std::string_view text);
};

/// One tensor of a family.
struct TensorSpec {
    enum class Role { input, output, optional_input, optional_output, inout };
    std::string name;
    Role role = Role::input;
    bool state = false; ///< fp32 whatever the problem's dtype, or what `dtype_trait` says
    std::vector<std::string>
        dims; ///< Dimensions, e.g. {"batch", "length", "heads", "head_dim"}; the last has unit stride
    std::string help;
    bool (*when)(const Values& traits) = nullptr; ///< which traits have such a tensor; all where it is null
    bool index = false;                           ///< int32 whatever the problem's dtype
    std::string dtype_trait;                      ///< of a state: the trait that names its dtype; empty: fp32

    bool optional() const { return role == Role::optional_input || role == Role::optional_output; }
    /// Read by the kernels; one that is an output too is updated in place.
    bool input() const { return !output() || role == Role::inout; }
    /// Written by the kernels.
    bool output() const {
        return role == Role::output || role == Role::optional_output || role == Role::inout;
    }
    bool exists(const Values& traits) const { return !when || when(traits); }
    std::size_t rank() const { return dims.size(); }
    DType dtype(const Values& traits) const;
};

} // namespace chela
