#pragma once
// The checks of every access to shared and global memory.

#include <cstddef>
#include <cstdint>

namespace chela::emulator {

class Executor;
struct Thread;
struct Block;

/// `bytes` of shared memory at `address`, of the thread's block or of another block of its cluster: inside
/// the window, aligned, not in use by an asynchronous operation, no race. Fails naming `what`.
void check_shared(Executor&, Thread&, std::uintptr_t address, std::size_t bytes, std::size_t alignment,
                  bool write, std::uint32_t site, const char* what);

/// Any address that a load or store of the kernel may have.
void check_access(Executor&, Thread&, std::uintptr_t address, std::size_t bytes, std::size_t alignment,
                  bool write, std::uint32_t site);

} // namespace chela::emulator
