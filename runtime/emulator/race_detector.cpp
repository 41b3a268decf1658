#include "runtime/emulator/race_detector.hpp"

#include "runtime/emulator/executor.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela::emulator {

namespace {

void join(Clock& into, const Clock& from) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], from[i]);
}

} // namespace

RaceDetector::RaceDetector(std::size_t threads, std::size_t blocks, std::size_t shared_bytes)
    : granules_per_block_(shared_bytes / granule + 1), clocks_(threads, Clock(threads, 0)),
      granules_(blocks * granules_per_block_) {
    for (std::size_t i = 0; i < threads; ++i) clocks_[i][i] = 1;
}

std::optional<RaceDetector::Race> RaceDetector::read(Granule& place, const Epoch& now, const Clock& clock) {
    if (place.write.clock && !ordered(place.write, clock))
        return Race{place.write.thread, true, place.write.site};
    if (place.reads >= 0) {
        auto& set = read_sets_[static_cast<std::size_t>(place.reads)];
        const auto own = std::find_if(set.begin(), set.end(),
                                      [&](const Epoch& epoch) { return epoch.thread == now.thread; });
        if (own == set.end())
            set.push_back(now);
        else
            *own = now;
    } else if (!place.read.clock || place.read.thread == now.thread || ordered(place.read, clock)) {
        place.read = now;
    } else {
        place.reads = static_cast<std::int32_t>(read_sets_.size());
        read_sets_.push_back({place.read, now});
    }
    return std::nullopt;
}

std::optional<RaceDetector::Race> RaceDetector::write(Granule& place, const Epoch& now, const Clock& clock) {
    if (place.write.clock && !ordered(place.write, clock))
        return Race{place.write.thread, true, place.write.site};
    if (place.reads >= 0) {
        for (const Epoch& epoch : read_sets_[static_cast<std::size_t>(place.reads)])
            if (!ordered(epoch, clock)) return Race{epoch.thread, false, epoch.site};
        read_sets_[static_cast<std::size_t>(place.reads)].clear();
    } else if (place.read.clock && !ordered(place.read, clock)) {
        return Race{place.read.thread, false, place.read.site};
    }
    place.read = {};
    place.write = now;
    return std::nullopt;
}

std::optional<RaceDetector::Race> RaceDetector::access(const Thread& issuer, const Clock& clock,
                                                       const Block& block, std::size_t offset,
                                                       std::size_t bytes, bool is_write, std::uint32_t site) {
    const auto number = static_cast<std::uint32_t>(issuer.number);
    const Epoch now{number, clock[number], site};
    Granule* const first = &granules_[static_cast<std::size_t>(block.rank) * granules_per_block_];
    for (std::size_t i = offset / granule; i <= (offset + bytes - 1) / granule; ++i)
        if (const auto race = is_write ? write(first[i], now, clock) : read(first[i], now, clock))
            return race;
    return std::nullopt;
}

std::optional<RaceDetector::Race> RaceDetector::access(const Thread& thread, const Block& block,
                                                       std::size_t offset, std::size_t bytes, bool is_write,
                                                       std::uint32_t site) {
    return access(thread, clocks_[static_cast<std::size_t>(thread.number)], block, offset, bytes, is_write,
                  site);
}

std::string RaceDetector::describe(const Race& race, bool is_write, std::size_t offset,
                                   const Launch& launch) const {
    const auto threads = static_cast<std::uint32_t>(launch.block);
    return fmt::format(
        "race in shared memory at offset {}: {} what thread {}{} {} at {}, with no barrier between", offset,
        is_write ? "overwrites" : "reads", race.thread % threads,
        launch.cluster > 1 ? fmt::format(" of block {} of the cluster", race.thread / threads) : "",
        race.write ? "wrote" : "read", launch.describe(race.site));
}

template <class Threads>
void RaceDetector::join_all(const Threads& threads) {
    if (threads.size() < 2) return;
    const auto clock_of = [&](std::size_t i) -> Clock& {
        if constexpr (std::is_pointer_v<typename Threads::value_type>)
            return clocks_[static_cast<std::size_t>(threads[i]->number)];
        else
            return clocks_[static_cast<std::size_t>(threads[i].number)];
    };
    Clock all = clock_of(0);
    for (std::size_t i = 1; i < threads.size(); ++i) join(all, clock_of(i));
    for (std::size_t i = 0; i < threads.size(); ++i) {
        Clock& clock = clock_of(i);
        clock = all;
        ++clock[static_cast<std::size_t>(&clock - clocks_.data())];
    }
}

void RaceDetector::synchronize(std::span<Thread* const> threads) { join_all(threads); }
void RaceDetector::synchronize(std::span<Thread> threads) { join_all(threads); }

Clock RaceDetector::fork(const Thread& thread) {
    Clock& clock = clocks_[static_cast<std::size_t>(thread.number)];
    Clock snapshot = clock;
    ++clock[static_cast<std::size_t>(thread.number)];
    return snapshot;
}

void RaceDetector::release(const Thread& thread, std::uintptr_t object) { release(fork(thread), object); }

void RaceDetector::release(const Clock& clock, std::uintptr_t object) {
    Clock& shared = objects_[object];
    shared.resize(clock.size());
    join(shared, clock);
}

void RaceDetector::acquire(const Thread& thread, std::uintptr_t object) {
    const auto found = objects_.find(object);
    if (found != objects_.end()) join(clocks_[static_cast<std::size_t>(thread.number)], found->second);
}

} // namespace chela::emulator
