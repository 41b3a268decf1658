#pragma once
// Device memory that notices what a wrong kernel does to it: guard bands on both sides, and poison, a NaN in
// every dtype, wherever the kernel should write or should never look.

#include "runtime/device.hpp"
#include "runtime/host_image.hpp"
#include "runtime/placement.hpp"
#include "runtime/reference_slices.hpp"

namespace chela {

class GuardedMemory {
  public:
    /// `bytes` between two guard bands as large, within 4 KiB and 1 MiB.
    GuardedMemory(Device&, std::size_t bytes);
    ~GuardedMemory();
    GuardedMemory(const GuardedMemory&) = delete;

    void* data() const { return memory_ + guard_bytes_; } ///< aligned to 256 bytes
    std::size_t bytes() const { return bytes_; }
    void poison(); ///< the inside; restores the guard bands
    bool guards_intact() const;
    std::vector<std::byte> contents() const; ///< the inside

    static constexpr std::byte poison_byte{0xff};

  private:
    Device& device_;
    std::size_t bytes_;
    std::size_t guard_bytes_;
    std::byte* memory_;
};

/// One tensor of a problem on the device, with its host image.
class GuardedTensor {
  public:
    GuardedTensor(Device&, const Problem&, const TensorSpec&, Layout);

    const TensorSpec& spec() const { return *spec_; }
    const Placement& placement() const { return placement_; }
    DType dtype() const { return dtype_; }
    void* data() const; ///< the first element

    void set(const InputValues&); ///< makes the image and uploads it
    void upload();                ///< what was set, also where a run has updated it since
    void poison() { memory_.poison(); }
    void download();
    /// After download(): the element at an offset from the first one.
    const std::byte* element(std::int64_t offset) const;

    /// Of an output, after download(): what was written beside its elements, or empty.
    std::string damage() const;
    /// Of an input: whether the device still holds the image (only its guard bands where it is large).
    bool unchanged();
    /// Whether unchanged() looks at everything.
    bool small() const { return image_.size() <= std::size_t{64} << 20; }

  private:
    const TensorSpec* spec_;
    DType dtype_;
    std::int64_t element_bytes_;
    Placement placement_;
    Device& device_;
    GuardedMemory memory_;
    HostImage image_;                ///< of everything between the guard bands
    std::vector<std::byte> initial_; ///< the image that was set, of a tensor that runs update
};

} // namespace chela
