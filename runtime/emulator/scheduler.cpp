#include "runtime/emulator/executor.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <fmt/format.h>

namespace chela::emulator {

namespace {

thread_local Thread* running_thread = nullptr;
thread_local Executor* running_executor = nullptr;

std::uint64_t mixed(std::uint64_t x) { // splitmix64
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

} // namespace

Thread& current_thread() { return *running_thread; }
Executor& current_executor() { return *running_executor; }

void Executor::prepare(Launch& launch, std::int64_t cluster) {
    launch_ = &launch;
    random_.seed(mixed(launch.options.seed ^ mixed(static_cast<std::uint64_t>(cluster))));
    const auto block_count = static_cast<std::size_t>(launch.cluster);
    const auto threads = static_cast<std::size_t>(launch.block);
    stacks_.reserve(block_count * threads);
    blocks_.resize(block_count);
    warps_.clear();
    alive_ = launch.cluster * launch.block;
    for (std::size_t rank = 0; rank < block_count; ++rank) {
        Block& block = blocks_[rank];
        block.index = cluster * launch.cluster + static_cast<std::int64_t>(rank);
        block.rank = static_cast<int>(rank);
        block.exited = 0;
        block.shared.reset(static_cast<std::size_t>(launch.dynamic_shared_bytes),
                           static_cast<std::size_t>(launch.static_shared_bytes));
        block.barriers = {};
        block.threads.assign(threads, {});
        block.warpgroups.assign((threads + 127) / 128, {});
        block.warps.assign((threads + 31) / 32, {});
        for (std::size_t i = 0; i < threads; ++i) {
            Thread& thread = block.threads[i];
            const std::size_t number = rank * threads + i;
            thread.block = &block;
            thread.warp = &block.warps[i / 32];
            thread.index = static_cast<int>(i);
            thread.lane = static_cast<int>(i % 32);
            thread.number = static_cast<int>(number);
            thread.stack_begin = stacks_.begin(number);
            thread.stack_end = stacks_.top(number);
            thread.context = make_fcontext(reinterpret_cast<void*>(thread.stack_end),
                                           thread.stack_end - thread.stack_begin, &Executor::fiber_main);
        }
        for (std::size_t i = 0; i < block.warps.size(); ++i) {
            Warp& warp = block.warps[i];
            warp.block = &block;
            warp.threads = &block.threads[i * 32];
            warp.count = static_cast<int>(std::min<std::size_t>(32, threads - i * 32));
            warp.ready = warp.present();
            warps_.push_back(&warp);
        }
    }
    current_warp_ = 0;
    races_.reset();
    if (launch.options.check_races)
        races_ =
            std::make_unique<RaceDetector>(block_count * threads, block_count, blocks_[0].shared.bytes());
    mbarriers_.clear();
    pending_.clear();
    cluster_.reset(block_count * threads);
    last_range_ = nullptr;
}

void Executor::run(Launch& launch, std::int64_t cluster) {
    prepare(launch, cluster);
    running_executor = this;
    running_thread = pick();
    const FiberTransfer back = jump_fcontext(running_thread->context, &main_);
    (void)back; // the fiber that ended last: nothing of it is needed
    running_thread = nullptr;
    running_executor = nullptr;
}

// A fiber is told where to keep the context of whoever switched to it.
void Executor::fiber_main(FiberTransfer from) {
    *static_cast<FiberContext*>(from.data) = from.fctx;
    Executor& executor = current_executor();
    executor.launch_->entry(executor.launch_->arguments);
    executor.leave(current_thread());
}

void Executor::switch_to(Thread& next) {
    Thread& self = current_thread();
    running_thread = &next;
    const FiberTransfer from = jump_fcontext(next.context, &self.context);
    *static_cast<FiberContext*>(from.data) = from.fctx;
}

Thread* Executor::pick() {
    for (;;) {
        const std::size_t count = warps_.size();
        std::size_t start = current_warp_;
        if (launch_->options.seed) start = static_cast<std::size_t>(random_() % count);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t index = start + i < count ? start + i : start + i - count;
            Warp& warp = *warps_[index];
            if (!warp.ready) continue;
            current_warp_ = index;
            const int lane = std::countr_zero(warp.ready);
            warp.ready &= warp.ready - 1;
            return &warp.threads[lane];
        }
        if (!pending_.land_one(*this)) report_deadlock();
    }
}

void Executor::wait(Thread& self, const char* name, std::uint32_t site) {
    self.waiting = {name, site};
    Thread* const next = pick();
    if (next != &self) switch_to(*next);
    self.waiting = {};
}

void Executor::wake(Thread& thread) { thread.warp->ready |= thread.bit(); }
void Executor::wake(Warp& warp, std::uint32_t lanes) { warp.ready |= lanes; }

void Executor::yield(Thread& self, const char* name, std::uint32_t site) {
    // Later lanes and other warps first, then this thread again.
    const std::uint32_t later = ~((self.bit() << 1) - 1);
    const std::uint32_t held_back = self.warp->ready & ~later;
    self.warp->ready &= later;
    if (!self.warp->ready) current_warp_ = (current_warp_ + 1) % warps_.size();
    self.waiting = {name, site};
    self.warp->ready |= held_back | self.bit();
    Thread* const next = pick();
    if (next != &self) switch_to(*next);
    self.waiting = {};
}

void Executor::leave(Thread& self) {
    finish_copies(*this, self);
    finish_stores(*this, self);
    Warp& warp = *self.warp;
    Block& block = *self.block;
    self.exited = true;
    warp.exited |= self.bit();
    ++block.exited;
    const NamedBarrier& all = block.barriers[0];
    if (!all.waiting.empty())
        fail(self, all.site,
             fmt::format("thread {} leaves the kernel before a barrier that {} threads of its block wait at",
                         self.index, all.waiting.size()));
    if (warp.arrived)
        fail(self, warp.site,
             fmt::format("thread {} leaves the kernel before {}, where other lanes of its warp wait",
                         self.index, warp.instruction));
    if (--alive_ == 0) finish();
    switch_to(*pick());
}

void Executor::finish() {
    FiberContext dropped = nullptr;
    jump_fcontext(main_, &dropped);
    std::abort(); // never resumed
}

void Executor::fail(const Thread& thread, std::uint32_t site, const std::string& what) {
    launch_->report(
        thread.block->index,
        fmt::format("emulator: {}\n  at {}\n  in kernel {}, block {}, thread {} (warp {}, lane {})\n"
                    "  repeat with {}",
                    what, launch_->describe(site), launch_->kernel, thread.block->index, thread.index,
                    thread.index / 32, thread.lane, launch_->options.to_string(launch_->target)));
    finish();
}

} // namespace chela::emulator
