#include "codegen/arguments.hpp"

#include "codegen/error.hpp"

#include <cstring>
#include <fmt/format.h>
#include <stdexcept>

namespace chela {

ArgumentLayout::ArgumentLayout(const Family& family, const Values& traits) {
    const auto place = [this](std::size_t size) {
        bytes = (bytes + size - 1) / size * size;
        const std::size_t offset = bytes;
        bytes += size;
        return offset;
    };
    for (const auto& tensor : family.tensors()) {
        if (!tensor.exists(traits)) {
            tensor_offset.push_back(nowhere);
            continue;
        }
        tensor_offset.push_back(place(8));
        for (std::size_t dim = 1; dim < tensor.rank(); ++dim) place(8);
    }
    for (std::size_t i = 0; i < family.extents().size(); ++i) extent_offset.push_back(place(4));
    for (const auto& scalar : family.scalars())
        scalar_offset.push_back(scalar.exists(traits) ? place(4) : nowhere);
    workspace_offset = place(8);
    prepared_offset = place(8);
}

Arguments::Arguments(const Problem& problem)
    : problem_(problem), layout_(*problem.family, problem.traits),
      contiguous_(problem.family->tensors().size(), true) {
    if (layout_.bytes > capacity)
        throw std::logic_error("argument block of more than Arguments::capacity bytes");
    const auto& extents = problem.family->extents();
    for (const auto& field : extents) extent(field.name, problem.extents[field.name]);
    for (const auto& entry : problem.family->scalars())
        if (entry.exists(problem.traits)) scalar(entry.name, entry.fallback(problem));
}

std::size_t Arguments::index_of_tensor(std::string_view name) const {
    const auto index =
        static_cast<std::size_t>(&problem_.family->tensor(name) - problem_.family->tensors().data());
    if (!has_tensor(index))
        throw UserError(fmt::format("{} is given, but {} has no use for it", name, problem_.to_string()));
    return index;
}

void Arguments::write_strides(std::size_t index, std::span<const std::int64_t> strides) {
    const std::size_t count = problem_.family->tensors()[index].rank() - 1;
    std::memcpy(block_.data() + layout_.tensor_offset[index] + 8, strides.data(), count * 8);
}

void Arguments::write_contiguous(std::size_t index) {
    const auto shape = problem_.shape(problem_.family->tensors()[index]);
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t dim = shape.size(); dim-- > 1;) strides[dim - 1] = strides[dim] * shape[dim];
    write_strides(index, strides);
}

Arguments& Arguments::tensor(std::string_view name, void* data) {
    const auto index = index_of_tensor(name);
    std::memcpy(block_.data() + layout_.tensor_offset[index], &data, sizeof data);
    contiguous_[index] = true;
    write_contiguous(index);
    changed();
    return *this;
}

Arguments& Arguments::tensor(std::string_view name, void* data, std::span<const std::int64_t> strides) {
    const auto index = index_of_tensor(name);
    const TensorSpec& spec = problem_.family->tensors()[index];
    if (strides.size() != spec.rank())
        throw UserError(fmt::format("{} has {} strides; it needs {}, one per dimension", name, strides.size(),
                                    spec.rank()));
    if (strides.back() != 1 && problem_.shape(spec).back() != 1)
        throw UserError(fmt::format("the last stride of {} is {}; it must be 1", name, strides.back()));
    std::memcpy(block_.data() + layout_.tensor_offset[index], &data, sizeof data);
    contiguous_[index] = false;
    write_strides(index, strides);
    changed();
    return *this;
}

Arguments& Arguments::extent(std::string_view name, std::int64_t value) {
    problem_.extents.set(name, value);
    const auto& extents = problem_.family->extents();
    for (std::size_t i = 0; i < extents.size(); ++i)
        if (extents[i].name == name) {
            const auto narrow = static_cast<std::int32_t>(value);
            std::memcpy(block_.data() + layout_.extent_offset[i], &narrow, sizeof narrow);
        }
    for (std::size_t i = 0; i < contiguous_.size(); ++i)
        if (contiguous_[i] && has_tensor(i)) write_contiguous(i);
    changed();
    return *this;
}

void Arguments::changed() {
    checked_ = false;
    maps_.clear();
}

std::span<const std::byte> Arguments::maps(const void* device, const std::vector<TensorBox>& boxes,
                                           const std::function<void(std::vector<std::byte>&)>& encode) const {
    for (const Maps& known : maps_)
        if (known.device == device && known.boxes == boxes) return known.bytes;
    Maps maps{device, boxes, {}};
    encode(maps.bytes);
    return maps_.emplace_back(std::move(maps)).bytes;
}

Arguments& Arguments::scalar(std::string_view name, double value) {
    const auto& scalars = problem_.family->scalars();
    for (std::size_t i = 0; i < scalars.size(); ++i)
        if (scalars[i].name == name && scalars[i].exists(problem_.traits)) {
            const auto narrow = static_cast<float>(value);
            std::memcpy(block_.data() + layout_.scalar_offset[i], &narrow, sizeof narrow);
            return *this;
        }
    throw UserError(fmt::format("there is no scalar '{}' in {}", name, problem_.to_string()));
}

Arguments& Arguments::workspace(void* data, std::size_t bytes) {
    if (reinterpret_cast<std::uintptr_t>(data) % workspace_alignment != 0)
        throw UserError(
            fmt::format("workspace is at {}; it must be aligned to {} bytes", data, workspace_alignment));
    std::memcpy(block_.data() + layout_.workspace_offset, &data, sizeof data);
    workspace_bytes_ = bytes;
    return *this;
}

Arguments& Arguments::prepared(void* data) {
    std::memcpy(block_.data() + layout_.prepared_offset, &data, sizeof data);
    return *this;
}

void* Arguments::pointer_at(std::size_t offset) const {
    void* data = nullptr;
    std::memcpy(&data, block_.data() + offset, sizeof data);
    return data;
}

void* Arguments::tensor_data(std::size_t index) const { return pointer_at(layout_.tensor_offset[index]); }

std::int64_t Arguments::tensor_stride(std::size_t index, std::size_t dim) const {
    if (dim + 1 == problem_.family->tensors()[index].rank()) return 1;
    std::int64_t stride = 0;
    std::memcpy(&stride, block_.data() + layout_.tensor_offset[index] + 8 * (dim + 1), sizeof stride);
    return stride;
}

void Arguments::check_tensor(std::size_t index) const {
    const TensorSpec& spec = problem_.family->tensors()[index];
    const void* data = tensor_data(index);
    const std::vector<std::string> dims = problem_.dims(spec);
    const std::vector<std::int64_t> shape = problem_.shape(spec);
    std::int64_t elements = 1;
    for (const auto extent : shape) elements *= extent;
    if (elements == 0) return; // nothing is read or written
    if (!data) {
        if (spec.optional()) return;
        throw UserError(fmt::format("{} is missing; it must be set ({})", spec.name, spec.help));
    }
    const std::int64_t size = size_of(problem_.dtype(spec));
    const std::int64_t wanted = problem_.family->alignment(problem_, spec);
    if (reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uint64_t>(wanted) != 0)
        throw UserError(fmt::format("the address of {} is not a multiple of {} bytes; give the problem a "
                                    "smaller alignment, or align the tensor",
                                    spec.name, wanted));
    for (std::size_t dim = 0; dim + 1 < spec.rank(); ++dim) {
        const std::int64_t stride = tensor_stride(index, dim);
        if (shape[dim] > 1 && stride * size % wanted != 0)
            throw UserError(
                fmt::format("the stride of {} along {} is {} elements of {} bytes; it must be a multiple "
                            "of {} bytes: give the problem a smaller alignment, or pad the tensor",
                            spec.name, dims[dim], stride, size, wanted));
    }
}

void Arguments::check() {
    if (checked_) return;
    problem_.family->check_extents(problem_.traits, problem_.extents);
    for (std::size_t i = 0; i < contiguous_.size(); ++i)
        if (has_tensor(i)) check_tensor(i);
    checked_ = true;
}

void Arguments::check(std::span<const std::string> tensors) const {
    for (const std::string& name : tensors) check_tensor(index_of_tensor(name));
}

} // namespace chela
