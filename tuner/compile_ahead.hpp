#pragma once
// Compiles candidates on several threads while the device measures earlier ones.

#include "tuner/runner.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace chela {

class CompileAhead {
  public:
    /// Runner and problem must outlive it.
    CompileAhead(Runner&, const Problem&, int threads);
    /// Forgets what has not begun and waits for what has.
    ~CompileAhead();
    CompileAhead(const CompileAhead&) = delete;
    CompileAhead& operator=(const CompileAhead&) = delete;

    void submit(const Config&);
    std::size_t pending() const { return submitted_.size(); } ///< submitted and not popped
    void wait_all() const;
    /// The oldest one with what came of its compilation; waits for it. Throws what Runner::compile() threw.
    std::pair<Config, Measurement> pop();

  private:
    void work();

    Runner& runner_;
    const Problem& problem_;
    std::deque<std::pair<Config, std::future<Measurement>>> submitted_; // of the calling thread only
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::packaged_task<Measurement()>> tasks_;
    bool stopping_ = false;
    std::vector<std::jthread> threads_; // last: joined before the rest goes
};

} // namespace chela
