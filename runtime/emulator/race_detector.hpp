#pragma once
// Finds accesses of shared memory by two threads, at least one of them a write, that no synchronisation
// orders.
//
// Vector clocks (Flanagan and Freund, FastTrack, PLDI 2009): each thread counts its releases, and knows of
// every other thread up to which count it has synchronised with it. Asynchronous copies are ordered by what
// they complete: the waiting thread writes on behalf of cp.async, an mbarrier hands on the clock of a TMA
// load.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace chela::emulator {

struct Block;
struct Launch;
struct Thread;

using Clock = std::vector<std::uint32_t>;

class RaceDetector {
  public:
    /// `threads` of the whole cluster, and the shared memory of each of its blocks.
    RaceDetector(std::size_t threads, std::size_t blocks, std::size_t shared_bytes);

    /// The other access of a race.
    struct Race {
        std::uint32_t thread = 0; ///< number in the cluster
        bool write = false;
        std::uint32_t site = 0;
    };
    std::optional<Race> access(const Thread&, const Block&, std::size_t offset, std::size_t bytes, bool write,
                               std::uint32_t site);
    std::string describe(const Race&, bool write, std::size_t offset, const Launch&) const;

    /// What a thread knew when it started an asynchronous operation, which then acts in its name.
    Clock fork(const Thread&);
    std::optional<Race> access(const Thread& issuer, const Clock&, const Block&, std::size_t offset,
                               std::size_t bytes, bool write, std::uint32_t site);

    /// All of them have met: each knows what every other did before.
    void synchronize(std::span<Thread* const> threads);
    void synchronize(std::span<Thread> threads);
    /// What the thread did is handed to those who acquire `object` later.
    void release(const Thread&, std::uintptr_t object);
    void release(const Clock&, std::uintptr_t object);
    void acquire(const Thread&, std::uintptr_t object);

  private:
    static constexpr std::size_t granule = 2;
    struct Epoch {
        std::uint32_t thread = 0, clock = 0, site = 0;
    };
    struct Granule {
        Epoch write, read;       ///< clock 0: never
        std::int32_t reads = -1; ///< more than one reader: index into read_sets_
    };
    static bool ordered(const Epoch& epoch, const Clock& clock) { return clock[epoch.thread] >= epoch.clock; }
    std::optional<Race> read(Granule&, const Epoch&, const Clock&);
    std::optional<Race> write(Granule&, const Epoch&, const Clock&);
    template <class Threads>
    void join_all(const Threads& threads);

    std::size_t granules_per_block_;
    std::vector<Clock> clocks_;
    std::vector<Granule> granules_;
    std::vector<std::vector<Epoch>> read_sets_;
    std::unordered_map<std::uintptr_t, Clock> objects_;
};

} // namespace chela::emulator
