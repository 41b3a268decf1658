#pragma once
// The argument block of a launch: packed once, passed as it is. Setting a tensor writes into the block, so
// that a launch copies nothing and looks nothing up.

#include "codegen/family.hpp"

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace chela {

/// Where each part of the argument block of a family and its traits lies. What these traits do not have lies
/// nowhere.
struct ArgumentLayout {
    static constexpr std::size_t nowhere = ~std::size_t{0};
    ArgumentLayout(const Family&, const Values& traits);
    std::vector<std::size_t> tensor_offset; ///< pointer; the strides follow it
    std::vector<std::size_t> extent_offset;
    std::vector<std::size_t> scalar_offset;
    std::size_t workspace_offset = 0, prepared_offset = 0;
    std::size_t bytes = 0;
};

class Arguments {
  public:
    static constexpr std::size_t capacity = 1024;

    /// Extents and scalars of the problem, no tensors yet.
    explicit Arguments(const Problem&);

    /// Contiguous tensor in the order of its spec. A null pointer leaves an optional tensor out.
    Arguments& tensor(std::string_view name, void* data);
    Arguments& tensor(std::string_view name, const void* data) {
        return tensor(name, const_cast<void*>(data));
    }
    /// Strides in elements, one per dimension; the last must be 1 (or its dimension 1).
    Arguments& tensor(std::string_view name, void* data, std::span<const std::int64_t> strides);
    /// Changes an extent (another batch or length than the problem's); contiguous tensors follow.
    Arguments& extent(std::string_view name, std::int64_t value);
    Arguments& scalar(std::string_view name, double value);
    static constexpr std::size_t workspace_alignment = 16;
    /// Memory lent for the launches, aligned to workspace_alignment bytes; UserError where it is not.
    Arguments& workspace(void* data, std::size_t bytes);
    /// Where preparing kernels write and the others read, aligned as the workspace; Op sets it.
    Arguments& prepared(void* data);

    /// The tensor maps of `boxes`, which `encode` appends where they are not those of the last time: they are
    /// kept for each `device` and boxes until a tensor or an extent changes.
    std::span<const std::byte> maps(const void* device, const std::vector<TensorBox>& boxes,
                                    const std::function<void(std::vector<std::byte>&)>& encode) const;

    const Problem& problem() const { return problem_; }
    const void* block() const { return block_.data(); }
    std::size_t block_bytes() const { return layout_.bytes; }
    void* workspace() const { return pointer_at(layout_.workspace_offset); }
    std::size_t workspace_bytes() const { return workspace_bytes_; }
    /// Of a tensor that these traits have, by its index among the family's.
    void* tensor_data(std::size_t index) const;
    std::int64_t tensor_stride(std::size_t index, std::size_t dim) const;

    /// Throws UserError: a required tensor is missing, an address or stride breaks the trait `alignment`,
    /// or the extents break a trait that was derived from others.
    void check();
    /// The same of these tensors alone.
    void check(std::span<const std::string> tensors) const;

  private:
    std::size_t index_of_tensor(std::string_view name) const; ///< throws UserError where it has no place
    bool has_tensor(std::size_t index) const {
        return layout_.tensor_offset[index] != ArgumentLayout::nowhere;
    }
    void* pointer_at(std::size_t offset) const;
    void check_tensor(std::size_t index) const;
    void write_strides(std::size_t index, std::span<const std::int64_t> strides);
    void write_contiguous(std::size_t index);
    /// A tensor or an extent is another now.
    void changed();
    struct Maps {
        const void* device;
        std::vector<TensorBox> boxes;
        std::vector<std::byte> bytes;
    };
    Problem problem_;
    ArgumentLayout layout_;
    mutable std::vector<Maps> maps_;
    std::vector<bool> contiguous_;
    std::size_t workspace_bytes_ = 0;
    bool checked_ = false;
    alignas(16) std::array<std::byte, capacity> block_{};
};

} // namespace chela
