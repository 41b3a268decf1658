#pragma once
// The barrier of a cluster: arriving and waiting are two steps.

#include <cstdint>
#include <vector>

namespace chela::emulator {

class Executor;
struct Thread;

class ClusterBarrier {
  public:
    void reset(std::size_t threads);
    void arrive(Executor&, Thread&, std::uint32_t site);
    void wait(Executor&, Thread&, std::uint32_t site);

  private:
    std::size_t arrived_ = 0;
    std::uint64_t phase_ = 0;                  ///< phases completed
    std::vector<std::uint64_t> arrived_phase_; ///< by thread: 1 + the phase of its arrival, 0 after the wait
    std::vector<Thread*> waiting_;
};

} // namespace chela::emulator
