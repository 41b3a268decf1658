#pragma once
// The argument block of a kernel that copies boxes of tensors by TMA: the family's block, and the maps behind
// it.

#include "codegen/arguments.hpp"
#include "runtime/device.hpp"

namespace chela {

/// The tensor that a box is of, as these arguments describe it.
BoxedTensor boxed_tensor(const TensorBox&, const Arguments&);

/// On the stack of a launch.
class MappedArguments {
  public:
    /// Throws UserError where the device cannot map a tensor.
    MappedArguments(const Device&, const std::vector<TensorBox>&, const Arguments&);
    const void* block() const { return block_.data(); }
    std::size_t bytes() const { return bytes_; }

  private:
    static constexpr std::size_t most_maps = 4;
    std::size_t bytes_;
    alignas(TensorMap) std::array<std::byte, Arguments::capacity + most_maps * sizeof(TensorMap)> block_;
};

} // namespace chela
