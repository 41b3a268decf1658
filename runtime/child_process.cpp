#include "runtime/child_process.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace chela {
namespace {

constexpr std::size_t longest_line = 1
                                     << 20; // a child that writes more without an end of line is out of order

class SpawnActions {
  public:
    SpawnActions() { posix_spawn_file_actions_init(&actions_); }
    ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    void redirect(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, to, from); }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_;
};

} // namespace

ChildProcess::ChildProcess(const std::string& program, const std::vector<std::string>& arguments) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        throw DeviceError(fmt::format("cannot make a socket pair for a worker: {}", std::strerror(errno)));
    }
    error_file_ = memfd_create("chela worker's standard error", MFD_CLOEXEC);

    SpawnActions actions;
    actions.redirect(STDIN_FILENO, sockets[1]);
    actions.redirect(STDOUT_FILENO, sockets[1]);
    if (error_file_ >= 0) actions.redirect(STDERR_FILENO, error_file_);
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);

    const int error = posix_spawn(&pid_, program.c_str(), actions.get(), nullptr, argv.data(), environ);
    close(sockets[1]);
    socket_ = sockets[0];
    if (error != 0) {
        close(socket_);
        if (error_file_ >= 0) close(error_file_);
        throw DeviceError(fmt::format("cannot start the worker '{}': {}", program, std::strerror(error)));
    }
}

ChildProcess::~ChildProcess() {
    end();
    close(socket_);
    if (error_file_ >= 0) close(error_file_);
}

bool ChildProcess::write_line(std::string_view line) {
    const std::string text = std::string(line) + '\n';
    for (std::size_t sent = 0; sent < text.size();) {
        const ssize_t bytes = send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (bytes < 0 && errno != EINTR) return false;
        sent += static_cast<std::size_t>(std::max<ssize_t>(bytes, 0));
    }
    return true;
}

ChildProcess::Read ChildProcess::read_line(std::chrono::milliseconds timeout) {
    using clock = std::chrono::steady_clock;
    const auto deadline = clock::now() + timeout;
    while (true) {
        if (const std::size_t stop = unread_.find('\n'); stop != std::string::npos) {
            std::string line = unread_.substr(0, stop);
            unread_.erase(0, stop + 1);
            return {Outcome::line, std::move(line)};
        }
        if (unread_.size() > longest_line) return {Outcome::line, std::exchange(unread_, {})};
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
        pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
        const int ready = poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready == 0) return {Outcome::timeout, {}};
        if (ready < 0) {
            if (errno == EINTR) continue;
            return {Outcome::end, {}};
        }
        char buffer[4096];
        const ssize_t bytes = recv(socket_, buffer, sizeof buffer, 0);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes <= 0) return {Outcome::end, {}}; // also ECONNRESET: the child died with unread input
        unread_.append(buffer, static_cast<std::size_t>(bytes));
    }
}

std::string ChildProcess::end() {
    if (pid_ < 0) return {};
    int status = 0;
    // One that closed its output is about to end by itself: how it does is worth knowing.
    constexpr int patience = 50;
    pid_t ended = 0;
    for (int wait = 0; wait < patience && (ended = waitpid(pid_, &status, WNOHANG)) == 0; ++wait) {
        pollfd hung_up{.fd = socket_, .events = 0, .revents = 0};
        if (poll(&hung_up, 1, 0) == 0) break; // it still holds its end: it will not go
        usleep(10'000);
    }
    if (ended == 0) {
        kill(pid_, SIGKILL);
        while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
    }
    pid_ = -1;
    std::string how = WIFSIGNALED(status) ? fmt::format("killed by signal {} ({})", WTERMSIG(status),
                                                        strsignal(WTERMSIG(status)))
                                          : fmt::format("exit code {}", WEXITSTATUS(status));
    const std::string said = last_error_lines();
    return said.empty() ? how : how + ": " + said;
}

std::string ChildProcess::last_error_lines() const {
    constexpr off_t most = 1000;
    struct stat file{};
    if (error_file_ < 0 || fstat(error_file_, &file) != 0) return {};
    const off_t size = file.st_size; // not by lseek: the child writes at the same file offset
    std::string text(static_cast<std::size_t>(std::min(size, most)), '\0');
    const ssize_t bytes =
        pread(error_file_, text.data(), text.size(), size - static_cast<off_t>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(bytes, 0)));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

} // namespace chela
