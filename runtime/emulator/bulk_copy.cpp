#include "runtime/emulator/bulk_copy.hpp"

#include "runtime/emulator/access.hpp"
#include "runtime/emulator/executor.hpp"

#include <cstring>
#include <fmt/format.h>

namespace chela::emulator {

namespace {

/// Permuted pieces are 16 bytes long: a run is cut where they end.
template <class Piece>
void for_each_piece(const BoxRun& run, Piece&& piece) {
    for (std::size_t done = 0; done < run.bytes;) {
        const std::size_t at = run.box_offset + done;
        const std::size_t bytes = std::min(run.bytes - done, 16 - at % 16);
        piece(at, done, bytes);
        done += bytes;
    }
}

void fill(std::byte* target, std::size_t bytes, const BulkLoad& load) {
    std::memset(target, 0, bytes);
    if (load.fill == OutOfBoundsFill::zeros) return;
    // The NaN that the hardware writes has all bits but the sign's set.
    const auto element = static_cast<std::size_t>(load.element_bytes);
    for (std::size_t i = 0; i < bytes; ++i) target[i] = std::byte(i % element == element - 1 ? 0x7f : 0xff);
}

void land(Executor& executor, const BulkLoad& load) {
    for (Block* block : load.targets) {
        SharedMemory& shared = block->shared;
        for (const BoxRun& run : load.runs)
            for_each_piece(run, [&](std::size_t at, std::size_t done, std::size_t bytes) {
                std::byte* const target = shared.base() + swizzled(load.offset + at, load.swizzle);
                if (run.address)
                    std::memcpy(target, reinterpret_cast<const std::byte*>(run.address) + done, bytes);
                else
                    fill(target, bytes, load);
            });
        shared.end_incoming(load.offset, load.bytes);
        shared.set_layout(load.offset, load.bytes, load.swizzle);
        const auto barrier = reinterpret_cast<std::uintptr_t>(shared.base() + load.barrier_offset);
        if (RaceDetector* races = executor.races()) {
            races->access(*load.issuer, load.clock, *block, load.offset, load.bytes, true, load.site);
            races->release(load.clock, barrier);
        }
        executor.mbarriers().complete(executor, *load.issuer, barrier, static_cast<std::int64_t>(load.bytes),
                                      load.site);
    }
}

void read_shared(Thread& self, BulkStore& store) {
    if (store.read) return;
    SharedMemory& shared = self.block->shared;
    store.data.resize(store.bytes);
    for (std::size_t at = 0; at < store.bytes; at += 16)
        std::memcpy(store.data.data() + at, shared.base() + swizzled(store.offset + at, store.swizzle), 16);
    shared.end_reading(store.offset, store.bytes);
    store.read = true;
}

void write_global(const BulkStore& store) {
    for (const BoxRun& run : store.runs)
        if (run.address)
            std::memcpy(reinterpret_cast<void*>(run.address), store.data.data() + run.box_offset, run.bytes);
}

void check_runs(Executor& executor, Thread& self, const std::vector<BoxRun>& runs, std::uint32_t site,
                const char* what) {
    for (const BoxRun& run : runs)
        if (run.address) executor.check_global(self, run.address, run.bytes, site, what);
}

/// A swizzle permutes within its own rows: the range that a box covers must not begin in the middle of a
/// pattern.
void check_destination(Executor& executor, Thread& self, std::size_t offset, TensorSwizzle swizzle,
                       std::uint32_t site) {
    const std::size_t pattern =
        swizzle == TensorSwizzle::none ? 128 : std::size_t{128} << static_cast<int>(swizzle);
    if (offset % pattern != 0)
        executor.fail(self, site,
                      fmt::format("TMA uses shared memory at offset {}: it must be a multiple of {} here",
                                  offset, pattern));
}

} // namespace

void PendingCopies::clear() {
    loads_.clear();
    signals_.clear();
}

bool PendingCopies::land_one(Executor& executor) {
    if (!signals_.empty() && (loads_.empty() || !executor.random_async() || executor.random()() % 2 == 0)) {
        Thread* const thread = signals_.front();
        signals_.pop_front();
        land_for_signal(executor, *thread);
        return true;
    }
    if (loads_.empty()) return false;
    const std::size_t index =
        executor.random_async() ? static_cast<std::size_t>(executor.random()() % loads_.size()) : 0;
    const BulkLoad load = std::move(loads_[index]);
    loads_.erase(loads_.begin() + static_cast<std::ptrdiff_t>(index));
    land(executor, load);
    return true;
}

void issue_load(Executor& executor, Thread& self, BulkLoad load) {
    check_runs(executor, self, load.runs, load.site, "TMA reads");
    load.issuer = &self;
    for (Block* block : load.targets) {
        SharedMemory& shared = block->shared;
        const auto base = reinterpret_cast<std::uintptr_t>(shared.base());
        check_shared(executor, self, base + load.offset, load.bytes, 16, true, load.site, "TMA writes");
        executor.mbarriers().at(executor, self, base + load.barrier_offset, load.site);
        shared.begin_incoming(load.offset, load.bytes);
        std::memset(shared.base() + load.offset, 0xff, load.bytes);
    }
    if (executor.races()) load.clock = executor.races()->fork(self);
    executor.pending().add(std::move(load));
    if (executor.random_async() && executor.random()() % 4 == 0) executor.pending().land_one(executor);
}

void issue_store(Executor& executor, Thread& self, BulkStore store) {
    check_runs(executor, self, store.runs, store.site, "TMA writes");
    SharedMemory& shared = self.block->shared;
    check_shared(executor, self, reinterpret_cast<std::uintptr_t>(shared.base()) + store.offset, store.bytes,
                 16, false, store.site, "TMA reads");
    shared.begin_reading(store.offset, store.bytes);
    store.group = self.bulk_stores.committed + 1;
    self.bulk_stores.stores.push_back(std::move(store));
}

void wait_for_stores(Executor&, Thread& self, std::uint32_t groups_left, bool read_only) {
    BulkGroups& groups = self.bulk_stores;
    std::size_t finished = 0;
    for (BulkStore& store : groups.stores) {
        if (store.group + groups_left > groups.committed) break;
        read_shared(self, store);
        if (read_only) continue;
        write_global(store);
        ++finished;
    }
    groups.stores.erase(groups.stores.begin(), groups.stores.begin() + static_cast<std::ptrdiff_t>(finished));
}

void finish_stores(Executor& executor, Thread& self) {
    for (BulkStore& store : self.bulk_stores.stores) {
        if (!store.read)
            executor.fail(self, store.site,
                          "the thread leaves the kernel while its store still reads shared memory: a "
                          "wait is missing");
        write_global(store);
    }
    self.bulk_stores.stores.clear();
}

} // namespace chela::emulator

using namespace chela::emulator;

namespace {

TensorLayout layout_of(Executor& executor, Thread& self, const void* map, int rank, std::uint32_t site) {
    const auto address = reinterpret_cast<std::uintptr_t>(map);
    if (address % 64 != 0) executor.fail(self, site, "a tensor map must be aligned to 64 bytes");
    check_access(executor, self, address, sizeof(chela::TensorMap), 64, false, site);
    const auto layout = decode_tensor_map(*static_cast<const chela::TensorMap*>(map));
    if (!layout) executor.fail(self, site, "the tensor map was not made by encode_tensor_map()");
    if (layout->rank != rank)
        executor.fail(self, site,
                      fmt::format("{} coordinates for a tensor map of rank {}", rank, layout->rank));
    return *layout;
}

std::size_t own_offset(Thread& self, const void* shared) {
    return self.block->shared.offset(reinterpret_cast<std::uintptr_t>(shared));
}

std::vector<Block*> blocks_of_mask(Executor& executor, Thread& self, unsigned blocks, std::uint32_t site) {
    if (blocks == 0) return {self.block};
    if (blocks >> executor.blocks().size())
        executor.fail(
            self, site,
            fmt::format("multicast to blocks {:#x} in a cluster of {}", blocks, executor.blocks().size()));
    std::vector<Block*> targets;
    for (Block& block : executor.blocks())
        if (blocks >> block.rank & 1u) targets.push_back(&block);
    return targets;
}

} // namespace

extern "C" {

void chela_emulator_tma_load(void* shared, const void* map, void* barrier, unsigned blocks,
                             const int* coordinates, int rank, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    const TensorLayout layout = layout_of(executor, self, map, rank, site);
    BulkLoad load;
    load.targets = blocks_of_mask(executor, self, blocks, site);
    load.offset = own_offset(self, shared);
    load.barrier_offset = own_offset(self, barrier);
    load.bytes = layout.box_bytes();
    load.runs = runs_of_box(layout, {coordinates, static_cast<std::size_t>(rank)});
    load.swizzle = layout.swizzle;
    load.fill = layout.fill;
    load.element_bytes = layout.element_bytes;
    load.site = site;
    check_destination(executor, self, load.offset, layout.swizzle, site);
    issue_load(executor, self, std::move(load));
}

void chela_emulator_tma_store(const void* map, const void* shared, const int* coordinates, int rank,
                              unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    const TensorLayout layout = layout_of(executor, self, map, rank, site);
    BulkStore store;
    store.offset = own_offset(self, shared);
    store.bytes = layout.box_bytes();
    store.runs = runs_of_box(layout, {coordinates, static_cast<std::size_t>(rank)});
    store.swizzle = layout.swizzle;
    store.site = site;
    check_destination(executor, self, store.offset, layout.swizzle, site);
    issue_store(executor, self, std::move(store));
}

void chela_emulator_bulk_load(void* shared, const void* global, int bytes, void* barrier, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    const auto source = reinterpret_cast<std::uintptr_t>(global);
    if (bytes <= 0 || bytes % 16 != 0 || source % 16 != 0)
        executor.fail(
            self, site,
            fmt::format("bulk_load of {} bytes: size and addresses must be multiples of 16", bytes));
    BulkLoad load;
    load.targets = {self.block};
    load.offset = own_offset(self, shared);
    load.barrier_offset = own_offset(self, barrier);
    load.bytes = static_cast<std::size_t>(bytes);
    load.runs = {{0, load.bytes, source}};
    load.site = site;
    issue_load(executor, self, std::move(load));
}

void chela_emulator_bulk_store(void* global, const void* shared, int bytes, unsigned site) {
    Executor& executor = current_executor();
    Thread& self = current_thread();
    const auto target = reinterpret_cast<std::uintptr_t>(global);
    if (bytes <= 0 || bytes % 16 != 0 || target % 16 != 0)
        executor.fail(
            self, site,
            fmt::format("bulk_store of {} bytes: size and addresses must be multiples of 16", bytes));
    BulkStore store;
    store.offset = own_offset(self, shared);
    store.bytes = static_cast<std::size_t>(bytes);
    store.runs = {{0, store.bytes, target}};
    store.site = site;
    issue_store(executor, self, std::move(store));
}

void chela_emulator_store_commit() { ++current_thread().bulk_stores.committed; }
void chela_emulator_store_wait(int groups_left, bool read_only) {
    wait_for_stores(current_executor(), current_thread(), static_cast<std::uint32_t>(groups_left), read_only);
}
}
