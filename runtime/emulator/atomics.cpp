// Atomic operations, on global and shared memory alike, and flags between blocks.

#include "runtime/emulator/access.hpp"
#include "runtime/emulator/engine.hpp"
#include "runtime/emulator/executor.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <thread>

using namespace chela::emulator;

namespace {

enum class Operation { add_float, add, maximum_signed, exchange, compare_exchange };

std::uint32_t combine(Operation operation, std::uint32_t old, std::uint32_t value, std::uint32_t expected) {
    switch (operation) {
    case Operation::add_float:
        return std::bit_cast<std::uint32_t>(std::bit_cast<float>(old) + std::bit_cast<float>(value));
    case Operation::add:
        return old + value;
    case Operation::maximum_signed:
        return static_cast<std::uint32_t>(
            std::max(static_cast<std::int32_t>(old), static_cast<std::int32_t>(value)));
    case Operation::exchange:
        return value;
    case Operation::compare_exchange:
        return old == expected ? value : old;
    }
    return old;
}

void check(const void* address, bool write, std::uint32_t site) {
    Thread& self = current_thread();
    const auto where = reinterpret_cast<std::uintptr_t>(address);
    // An atomic access of shared memory races with plain ones only; the detector does not tell them apart, so
    // it is not asked.
    if (self.block->shared.holds(where, 4) && where % 4 == 0) return;
    check_access(current_executor(), self, where, 4, 4, write, site);
}

// A flag that never changes would hang the run: this is much longer than any block takes.
constexpr auto patience = std::chrono::seconds(30);
thread_local std::uint64_t spins = 0;
thread_local std::chrono::steady_clock::time_point spinning_since;
thread_local std::uint32_t last_value = 0;
thread_local const unsigned* last_flag = nullptr;

} // namespace

extern "C" {

unsigned chela_emulator_atomic(void* address, unsigned value, unsigned expected, int operation,
                               unsigned site) {
    check(address, true, site);
    const std::atomic_ref<std::uint32_t> target(*static_cast<std::uint32_t*>(address));
    std::uint32_t old = target.load();
    while (!target.compare_exchange_weak(old,
                                         combine(static_cast<Operation>(operation), old, value, expected))) {
    }
    return old;
}

unsigned chela_emulator_load_acquire(const unsigned* address, unsigned site) {
    check(address, false, site);
    const std::atomic_ref<unsigned> flag(*const_cast<unsigned*>(address));
    const unsigned value = flag.load(std::memory_order_acquire);
    if (address != last_flag || value != last_value) {
        last_flag = address, last_value = value, spins = 0;
        spinning_since = std::chrono::steady_clock::now();
    } else if (++spins % 64 == 0) {
        std::this_thread::yield(); // the block that sets the flag may run on another core
        if (std::chrono::steady_clock::now() - spinning_since > patience)
            current_executor().fail(current_thread(), site, "waits for a flag that no other block sets");
    }
    current_executor().yield(current_thread(), "load_acquire", site);
    return value;
}

void chela_emulator_store_release(unsigned* address, unsigned value, unsigned site) {
    check(address, true, site);
    std::atomic_ref<unsigned>(*address).store(value, std::memory_order_release);
}
}
