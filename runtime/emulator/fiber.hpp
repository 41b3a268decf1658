#pragma once
// Fibers: stacks with guard pages, and Boost.Context's switch between them.

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>

namespace chela::emulator {

// The function-level interface of Boost.Context: fibers that an error leaves behind are dropped without
// unwinding, because the frames of JIT-compiled code cannot be unwound.
using FiberContext = boost::context::detail::fcontext_t;
using FiberTransfer = boost::context::detail::transfer_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;

/// Stacks for the threads of a cluster, kept from one to the next.
class FiberStacks {
  public:
    static constexpr std::size_t stack_bytes = 256 * 1024;

    FiberStacks() = default;
    ~FiberStacks();
    FiberStacks(const FiberStacks&) = delete;
    FiberStacks& operator=(const FiberStacks&) = delete;

    /// Throws DeviceError where the memory cannot be reserved.
    void reserve(std::size_t count);
    std::uintptr_t begin(std::size_t index) const;
    /// Highest address, lowered by a different amount for neighbours: stacks at equal offsets of a page would
    /// compete for the same lines of the cache.
    std::uintptr_t top(std::size_t index) const;

  private:
    std::uintptr_t base_ = 0;
    std::size_t count_ = 0;
};

} // namespace chela::emulator
