#pragma once
// From a program to kernels that can be launched: the binary cache first, the compiler where it has none.

#include "codegen/arguments.hpp"
#include "runtime/binary_cache.hpp"
#include "runtime/device.hpp"

#include <atomic>

namespace chela {

/// The kernels of a program, ready on one device, in the order of Program::kernels.
struct LoadedProgram {
    std::vector<std::shared_ptr<LoadedKernel>> kernels;
    double compile_ms = 0; ///< 0 where every kernel came from the cache
};

/// Which kernels of a program: those that prepare, those that use what was prepared, or both.
enum class Phase { prepare, run, both };

/// Launches the kernels of the program in order; those whose grid is empty are left out.
void launch(Device&, const Program&, const LoadedProgram&, const Arguments&, Phase, Stream = nullptr);

/// Thread-safe.
class ProgramLoader {
  public:
    /// Both must outlive the loader.
    ProgramLoader(Device& device, BinaryCache& cache) : device_(device), cache_(cache) {}

    /// Into the cache. Throws CompileError. Returns the milliseconds spent compiling.
    double compile(const Program&);
    /// Throws CompileError, DeviceError.
    LoadedProgram load(const Program&);

    struct Counters {
        std::int64_t compiled = 0;
        std::int64_t cache_hits = 0;
    };
    Counters counters() const { return {compiled_, cache_hits_}; }

  private:
    Binary find_or_compile(const Kernel&);
    Device& device_;
    BinaryCache& cache_;
    std::atomic<std::int64_t> compiled_ = 0;
    std::atomic<std::int64_t> cache_hits_ = 0;
};

} // namespace chela
