#pragma once
// mbarriers: phases that end when all arrivals and all announced bytes have come.

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace chela::emulator {

class Executor;
struct Thread;

struct MBarrier {
    int expected = 0;        ///< arrivals of each phase
    int pending = 0;         ///< still to come in this one
    std::int64_t bytes = 0;  ///< announced and not yet copied; negative: copied before they were announced
    std::uint64_t phase = 0; ///< phases completed
    struct Waiter {
        Thread* thread;
        std::uint32_t parity;
    };
    std::vector<Waiter> waiting;

    /// Whether the phase of this parity, the current or the one before, has ended.
    bool has_ended(std::uint32_t parity) const { return (phase & 1) != (parity & 1); }
};

/// All mbarriers of a cluster by address. They are tracked here; their memory only keeps other data out.
class MBarriers {
  public:
    void clear() { barriers_.clear(); }
    void init(Executor&, Thread&, std::uintptr_t address, int arrivals, std::uint32_t site);
    void invalidate(Executor&, Thread&, std::uintptr_t address, std::uint32_t site);
    void arrive(Executor&, Thread&, std::uintptr_t address, std::uint32_t site);
    void expect(Executor&, Thread&, std::uintptr_t address, std::int64_t bytes, std::uint32_t site);
    /// Asynchronous copies of `issuer` have brought bytes.
    void complete(Executor&, Thread& issuer, std::uintptr_t address, std::int64_t bytes, std::uint32_t site);
    void wait(Executor&, Thread&, std::uintptr_t address, std::uint32_t parity, std::uint32_t site);
    /// Fails where there is no barrier.
    MBarrier& at(Executor&, Thread&, std::uintptr_t address, std::uint32_t site);

  private:
    static void end_phase_if_done(Executor&, MBarrier&);
    std::unordered_map<std::uintptr_t, MBarrier> barriers_;
};

} // namespace chela::emulator
