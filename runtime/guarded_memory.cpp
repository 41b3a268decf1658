#include "runtime/guarded_memory.hpp"

#include "runtime/parallel.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <span>

namespace chela {
namespace {

/// A NaN in bf16, fp16 and fp32 that no arithmetic produces, so that a NaN written into a guard band is seen.
constexpr std::array<std::byte, 2> guard_pattern{std::byte{0xa5}, std::byte{0xff}};

std::vector<std::byte> guard_band(std::size_t bytes) {
    std::vector<std::byte> band(bytes);
    for (std::size_t i = 0; i < bytes; ++i) band[i] = guard_pattern[i % guard_pattern.size()];
    return band;
}

std::size_t round_up(std::size_t bytes, std::size_t multiple) {
    return (bytes + multiple - 1) / multiple * multiple;
}

} // namespace

GuardedMemory::GuardedMemory(Device& device, std::size_t bytes)
    : device_(device), bytes_(bytes),
      guard_bytes_(round_up(std::clamp<std::size_t>(bytes, 4 << 10, 1 << 20), 256)),
      memory_(static_cast<std::byte*>(device.allocate(bytes + 2 * guard_bytes_))) {}

GuardedMemory::~GuardedMemory() { device_.free(memory_); }

void GuardedMemory::poison() {
    const auto band = guard_band(guard_bytes_);
    device_.copy_in(memory_, band.data(), guard_bytes_);
    if (bytes_ > 0) device_.fill(data(), poison_byte, bytes_);
    device_.copy_in(memory_ + guard_bytes_ + bytes_, band.data(), guard_bytes_);
}

bool GuardedMemory::guards_intact() const {
    const auto band = guard_band(guard_bytes_);
    std::vector<std::byte> found(guard_bytes_);
    device_.copy_out(found.data(), memory_, guard_bytes_);
    if (found != band) return false;
    device_.copy_out(found.data(), memory_ + guard_bytes_ + bytes_, guard_bytes_);
    return found == band;
}

std::vector<std::byte> GuardedMemory::contents() const {
    std::vector<std::byte> bytes(bytes_);
    if (bytes_ > 0) device_.copy_out(bytes.data(), data(), bytes_);
    return bytes;
}

GuardedTensor::GuardedTensor(Device& device, const Problem& problem, const TensorSpec& spec, Layout layout)
    : spec_(&spec), dtype_(problem.dtype(spec)), element_bytes_(size_of(dtype_)),
      placement_(place(problem, spec, layout)), device_(device),
      memory_(device, static_cast<std::size_t>((placement_.first + placement_.span) * element_bytes_)),
      image_(memory_.bytes(), GuardedMemory::poison_byte) {}

void* GuardedTensor::data() const {
    return static_cast<std::byte*>(memory_.data()) + placement_.first * element_bytes_;
}

void GuardedTensor::set(const InputValues& values) {
    const auto& shape = placement_.shape;
    parallel(row_count(shape), [&](std::int64_t begin, std::int64_t end) {
        std::vector<double> row_values(static_cast<std::size_t>(shape.back()));
        for (std::int64_t row = begin; row < end; ++row) {
            for (std::int64_t column = 0; column < shape.back(); ++column) {
                row_values[column] = values.unrounded(row * shape.back() + column); // encode() rounds
            }
            const std::int64_t offset = placement_.first + row_offset(shape, placement_.strides, row);
            encode(row_values, dtype_, image_.data() + offset * element_bytes_);
        }
    });
    if (spec_->output()) initial_.assign(image_.data(), image_.data() + image_.size());
    upload();
}

void GuardedTensor::upload() {
    memory_.poison();
    if (image_.empty()) return;
    device_.copy_in(memory_.data(), spec_->output() ? initial_.data() : image_.data(), image_.size());
}

void GuardedTensor::download() {
    if (!image_.empty()) device_.copy_out(image_.data(), memory_.data(), image_.size());
}

const std::byte* GuardedTensor::element(std::int64_t offset) const {
    return image_.data() + (placement_.first + offset) * element_bytes_;
}

std::string GuardedTensor::damage() const {
    if (!memory_.guards_intact())
        return fmt::format("{}: written outside its memory (guard band)", spec_->name);
    const auto poisoned = [&](std::int64_t from, std::int64_t to) { // bytes of the image
        return std::all_of(image_.data() + from, image_.data() + to,
                           [](std::byte byte) { return byte == GuardedMemory::poison_byte; });
    };
    if (placement_.dense() && placement_.first == 0) return {};
    std::int64_t end = 0;                                                  // of the elements so far
    for (std::int64_t row = 0; row < row_count(placement_.shape); ++row) { // strided rows lie in this order
        const std::int64_t start =
            (placement_.first + row_offset(placement_.shape, placement_.strides, row)) * element_bytes_;
        if (!poisoned(end, start))
            return fmt::format("{}: written into the gap before row {}", spec_->name, row);
        end = start + placement_.shape.back() * element_bytes_;
    }
    return {};
}

bool GuardedTensor::unchanged() {
    if (!memory_.guards_intact()) return false;
    if (!small() || image_.empty()) return true;
    std::vector<std::byte> found(image_.size());
    device_.copy_out(found.data(), memory_.data(), found.size());
    return std::ranges::equal(found, std::span(image_.data(), image_.size()));
}

} // namespace chela
