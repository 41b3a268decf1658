#pragma once
// Ctrl-C as a stop token: work ends where it may, and what was found is kept.

#include <csignal>
#include <stop_token>
#include <thread>

namespace chela::cli {

/// While it lives, the first SIGINT or SIGTERM requests a stop and the second ends the process at once.
/// Threads and processes started meanwhile do not receive the signals. One at a time.
class Interrupt {
  public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    std::stop_token token() const { return stop_.get_token(); }

  private:
    std::stop_source stop_;
    sigset_t before_;
    std::jthread waiter_;
};

} // namespace chela::cli
