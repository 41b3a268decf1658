#pragma once
// One launch of an emulated kernel: what all its blocks share.

#include "codegen/target.hpp"
#include "runtime/emulator/global_memory.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace chela::emulator {

/// How a run is varied and what it checks beyond what is always checked.
struct Options {
    /// 0: warps run in their order and asynchronous copies land as late as the rules allow. Anything else
    /// seeds another order of the warps and other legal times of landing.
    std::uint64_t seed = 0;
    bool check_races = false; ///< of shared memory, between any two threads of a block or cluster

    bool random_async() const { return seed != 0; }
    /// What repeats a run: "CHELA_EMULATOR_SEED=7 --target emulator:sm_80 --check race".
    std::string to_string(const Target&) const;
};

/// A line of a template, numbered by the instrumentation. Its layout is known to instrumentation.cpp.
struct Site {
    const char* file;
    std::int32_t line;
    const char* function;
};

struct Launch {
    using Entry = void (*)(const void* arguments);

    std::string kernel;
    Target target;
    Options options;
    Entry entry = nullptr;
    const Site* sites = nullptr; ///< number 0 stands for "unknown"
    std::uint32_t site_count = 0;
    const std::byte* arguments = nullptr;
    std::size_t argument_bytes = 0;
    GlobalMemory::View memory;
    std::int64_t grid = 0;
    int block = 1;
    int cluster = 1;
    std::int64_t dynamic_shared_bytes = 0;
    std::int64_t static_shared_bytes = 0;

    std::atomic<std::int64_t> next_cluster{0};

    /// Keeps the failure of the lowest block, so that a report does not depend on which core was faster.
    void report(std::int64_t at_block, std::string message);
    /// Clusters from the failed one on need not run.
    bool abandoned(std::int64_t first_block) const { return first_block > failed_block_.load(); }
    std::optional<std::string> failure() const;

    std::string describe(std::uint32_t site) const; ///< "linear_attention/forward.cuh:81 (compute_scores)"

  private:
    mutable std::mutex mutex_;
    std::atomic<std::int64_t> failed_block_{INT64_MAX};
    std::string message_;
};

} // namespace chela::emulator
