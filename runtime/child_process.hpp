#pragma once
// A child process that speaks in lines: what we write is its standard input, what it prints is ours to read.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace chela {

class ChildProcess {
  public:
    /// Throws DeviceError where the program cannot be started. No shell is involved.
    ChildProcess(const std::string& program, const std::vector<std::string>& arguments);
    /// Kills the child if it still runs.
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;

    pid_t pid() const { return pid_; }
    /// False where the child is gone. Never raises SIGPIPE.
    bool write_line(std::string_view line);

    enum class Outcome { line, end, timeout };
    struct Read {
        Outcome outcome;
        std::string line; ///< without its end
    };
    Read read_line(std::chrono::milliseconds timeout);

    /// Kills the child where it has not ended by itself. "killed by signal 11 (Segmentation fault)", "exit
    /// code 3", then the last lines that it wrote to its standard error.
    std::string end();

  private:
    std::string last_error_lines() const;
    pid_t pid_ = -1;
    int socket_ = -1; ///< one socket serves as the child's standard input and output
    int error_file_ = -1;
    std::string unread_;
};

} // namespace chela
