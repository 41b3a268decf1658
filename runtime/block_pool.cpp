#include "runtime/block_pool.hpp"

#include "codegen/error.hpp"
#include "runtime/parallel.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace chela {
namespace {

int concurrency(int threads) {
    if (threads < 0) {
        throw UserError(fmt::format("threads = {}: give 1 or more, or 0 for every processor", threads));
    }
    return threads > 0 ? std::min(threads, oneapi::tbb::this_task_arena::max_concurrency())
                       : int{oneapi::tbb::task_arena::automatic};
}

} // namespace

void* allocate_aligned(std::size_t alignment, std::size_t bytes) {
    const std::size_t rounded = std::max(bytes, std::size_t{1}) + alignment - 1;
    void* memory = rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded / alignment * alignment);
    if (!memory) throw DeviceError(fmt::format("out of memory: {} bytes", bytes));
    return memory;
}

void BlockPool::Free::operator()(void* memory) const { std::free(memory); }

void* BlockPool::Scratch::reserve(std::size_t bytes) {
    if (bytes > capacity_) {
        memory_.reset();
        capacity_ = 0;
        memory_.reset(allocate_aligned(64, bytes));
        capacity_ = bytes;
    }
    return memory_.get();
}

BlockPool::BlockPool(int threads) : arena_(concurrency(threads)) { arena_.initialize(); }

void BlockPool::run(Function function, std::int64_t grid, const void* arguments, std::size_t scratch_bytes) {
    parallel(arena_, grid, [&](std::int64_t begin, std::int64_t end) {
        void* scratch = scratch_bytes ? scratch_.local().reserve(scratch_bytes) : nullptr;
        for (std::int64_t block = begin; block != end; ++block) function(arguments, block, scratch);
    });
}

} // namespace chela
