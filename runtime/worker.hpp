#pragma once
// Candidates run in a child process, because a wrong kernel can hang a device or take its process down.
//
// One JSON object per line. The child begins with {"ready": true}; then, for each request
//     {"id": 7, "effort": "quick", "problem": {…}, "config": {…}}
// it answers {"id": 7, "measurement": {…}}, or, where no candidate is at fault,
// {"id": 7, "error": {"kind": "user" | "device", "message": …}}. Compiled kernels travel through the binary
// cache.

#include "runtime/child_process.hpp"
#include "runtime/json.hpp"
#include "tuner/runner.hpp"

#include <chrono>
#include <iosfwd>
#include <memory>
#include <mutex>
#include <optional>

namespace chela {

struct WorkerTimeouts {
    std::chrono::milliseconds start{60'000};
    std::chrono::milliseconds measure{30'000};
    std::chrono::milliseconds first{150'000}; ///< of a problem in a child, which computes the reference too
};

/// Compiles in this process, measures in a child. A child that dies or hangs costs one candidate (status
/// crashed or hung); the next one gets a new child.
class WorkerRunner final : public Runner {
  public:
    /// `local` compiles into the binary cache that the child loads from; it must outlive this runner.
    /// `program` is the path of the program `chela`, `arguments` are {"worker", "--target", "cuda:1", …}.
    WorkerRunner(Runner& local, std::string program, std::vector<std::string> arguments,
                 WorkerTimeouts timeouts = {});

    RunnerInfo info() const override { return local_.info(); }
    Measurement compile(const Problem& problem, const Config& config) override {
        return local_.compile(problem, config);
    }
    /// Throws DeviceError where no child can be started or the child's device fails without a candidate's
    /// fault, UserError where the child finds the problem unfit.
    Measurement measure(const Problem&, const Config&, Effort) override;

    /// Of the child that waits for a candidate, 0 where there is none.
    pid_t child_pid() const { return child_ ? child_->pid() : 0; }
    int children_started() const { return children_started_; }

  private:
    void start();
    Measurement lost(Status, const std::string& why);
    Runner& local_;
    std::string program_;
    std::vector<std::string> arguments_;
    WorkerTimeouts timeouts_;
    std::mutex mutex_;
    std::unique_ptr<ChildProcess> child_;
    std::optional<Problem> last_problem_; ///< whose reference the child has
    std::int64_t last_id_ = 0;
    int children_started_ = 0;
};

/// The child's side: answers requests until the input ends, or until a candidate leaves the device unusable.
/// Returns the exit code of the process. Nothing else may be written to `answers`.
int worker_main(std::istream& requests, std::ostream& answers, Runner& runner, const FamilyLookup& family_of);

} // namespace chela
