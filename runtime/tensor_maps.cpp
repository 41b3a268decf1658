#include "runtime/tensor_maps.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace chela {

TensorMap Device::map(const BoxedTensor&) const {
    throw DeviceError(fmt::format("{} has no tensor memory accelerator", name()));
}

BoxedTensor boxed_tensor(const TensorBox& box, const Arguments& arguments) {
    const Problem& problem = arguments.problem();
    const auto& tensors = problem.family->tensors();
    const TensorSpec& spec = problem.family->tensor(box.tensor);
    const auto index = static_cast<std::size_t>(&spec - tensors.data());
    const std::vector<std::string> dims = problem.dims(spec);
    const std::vector<std::int64_t> shape = problem.shape(spec);
    BoxedTensor boxed;
    boxed.address = arguments.tensor_data(index);
    boxed.element_bytes = static_cast<int>(size_of(spec.dtype(problem.traits)));
    boxed.rank = static_cast<int>(spec.rank());
    for (std::size_t i = 0; i < spec.rank(); ++i) {
        const std::size_t dim = spec.rank() - 1 - i;
        boxed.extents[i] = static_cast<std::uint64_t>(shape[dim]);
        boxed.box[i] = static_cast<std::uint32_t>(i == 0 ? box.columns : dims[dim] == box.row ? box.rows : 1);
        if (i == 0) continue;
        // Of a dimension with one place the stride may be anything; the hardware wants that of a tensor.
        const std::uint64_t inner = i == 1
                                        ? boxed.extents[0] * static_cast<std::uint64_t>(boxed.element_bytes)
                                        : boxed.strides[i - 2] * boxed.extents[i - 1];
        boxed.strides[i - 1] =
            shape[dim] == 1
                ? inner
                : static_cast<std::uint64_t>(arguments.tensor_stride(index, dim) * boxed.element_bytes);
    }
    return boxed;
}

namespace {

TensorMap map_of(const Device& device, const TensorBox& box, const BoxedTensor& tensor) {
    try {
        return device.map(tensor);
    } catch (const std::exception& error) {
        throw UserError(
            fmt::format("{} is copied by TMA, which cannot: {}; give it other strides, or choose a "
                        "configuration without TMA",
                        box.tensor, error.what()));
    }
}

} // namespace

MappedArguments::MappedArguments(const Device& device, const std::vector<TensorBox>& boxes,
                                 const Arguments& arguments)
    : bytes_(arguments.block_bytes()) {
    if (boxes.size() > most_maps)
        throw std::logic_error("more tensor maps than MappedArguments has room for");
    std::memcpy(block_.data(), arguments.block(), arguments.block_bytes());
    if (boxes.empty()) return;
    bytes_ = (bytes_ + alignof(TensorMap) - 1) / alignof(TensorMap) * alignof(TensorMap);
    const auto maps = arguments.maps(&device, boxes, [&](std::vector<std::byte>& bytes) {
        for (const TensorBox& box : boxes) {
            const BoxedTensor tensor = boxed_tensor(box, arguments);
            const auto end = tensor.extents.begin() + tensor.rank;
            const bool empty = std::find(tensor.extents.begin(), end, 0u) != end; // nothing is copied then
            const TensorMap map = empty ? TensorMap{} : map_of(device, box, tensor);
            const auto* const first = reinterpret_cast<const std::byte*>(&map);
            bytes.insert(bytes.end(), first, first + sizeof map);
        }
    });
    std::memcpy(block_.data() + bytes_, maps.data(), maps.size());
    bytes_ += maps.size();
}

} // namespace chela
