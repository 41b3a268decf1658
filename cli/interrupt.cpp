#include "cli/interrupt.hpp"

#include <ctime>
#include <unistd.h>

namespace chela::cli {

Interrupt::Interrupt() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &before_); // inherited by every later thread
    waiter_ = std::jthread([this, signals](const std::stop_token& finished) {
        while (!finished.stop_requested()) {
            const timespec wait{0, 50'000'000};
            const int signal = sigtimedwait(&signals, nullptr, &wait);
            if (signal < 0) continue;
            if (stop_.stop_requested()) _exit(128 + signal);
            stop_.request_stop();
        }
    });
}

Interrupt::~Interrupt() {
    waiter_.request_stop();
    waiter_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

} // namespace chela::cli
