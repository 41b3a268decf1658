#pragma once
// What a program should compute, from the family's definition in float64. The definition is slow, so of a
// large problem only some slices are computed: one index of each independent extent (batch, heads), all of
// the rest.

#include "codegen/family.hpp"
#include "runtime/host_tensors.hpp"
#include "runtime/verify_options.hpp"

namespace chela {

struct ReferenceSlice {
    std::vector<std::int64_t> index; ///< one per ReferenceSlices::extents
    HostTensors outputs;             ///< of this index alone: independent extents are 1
};

struct ReferenceSlices {
    std::vector<std::string> extents; ///< that a slice has one index of
    std::vector<ReferenceSlice> slices;
    /// Offset of a slice in a tensor with these dims and strides.
    std::int64_t offset(const ReferenceSlice&, std::span<const std::string> dims,
                        std::span<const std::int64_t> strides) const;
};

/// The values of an input as the device sees them, without their dtype's encoding. Looks at what it was made
/// from.
class InputValues {
  public:
    InputValues(const Problem&, const TensorSpec&, const VerifyOptions&);
    /// Of `index` in the dense tensor, still to be rounded to the dtype of the tensor.
    double unrounded(std::int64_t index) const {
        if (given_) return (*given_)[static_cast<std::size_t>(index) % given_->size()];
        return value_(index, random_(static_cast<std::uint64_t>(index)));
    }
    double operator()(std::int64_t index) const { return round_to(dtype_, unrounded(index)); }

  private:
    const std::vector<double>* given_ = nullptr;
    Family::TestValue value_;
    RandomValues random_;
    DType dtype_;
};

/// Scalars as the device gets them: the family's fallbacks, overridden by the options, rounded to fp32.
std::map<std::string, double> scalars_of(const Problem&, const VerifyOptions&);

/// Every slice where the problem is small; otherwise the first, the last, and more chosen by the seed, about
/// `elements` elements in all. Slices are computed in parallel.
ReferenceSlices reference_slices(const Problem&, const VerifyOptions&, std::int64_t elements = 1 << 24);

} // namespace chela
