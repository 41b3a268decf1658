#pragma once
// A family whose landscape is known, and a runner that reports it without a device. Real in everything that
// the tuner sees: schemas, constraints, two algorithms, candidates that are wrong, that crash, hang, or do
// not compile.

#include "tuner/record.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace toy {

/// Traits size, causal, dtype; extents batch, heads (independent), length. Algorithm "tiles": tile 16…128,
/// warps 1…8, stages 1…4, with tile * stages <= 256; algorithm "plain": unroll 1, 2, 4.
const chela::Family& family();
chela::Problem problem(std::int64_t batch = 8, std::int64_t heads = 16, std::int64_t length = 4096);
chela::Config config(const std::string& text);
std::vector<chela::Config> space();
chela::RunnerInfo info(const std::string& device = "toy one");

inline constexpr const char* best = "tiles tile=64 warps=4 stages=3"; ///< 1.0 ms
inline constexpr const char* fast_but_wrong =
    "tiles tile=128 warps=8 stages=2"; ///< as every tile=128 warps=8
inline constexpr const char* default_text = "tiles tile=32 warps=2 stages=2";

/// What the landscape says of a configuration.
chela::Measurement truth(const chela::Config&);

class Runner : public chela::Runner {
  public:
    chela::RunnerInfo info() const override { return info_; }
    chela::Measurement compile(const chela::Problem&, const chela::Config&) override;
    chela::Measurement measure(const chela::Problem&, const chela::Config&, chela::Effort) override;

    chela::RunnerInfo info_ = toy::info();
    /// Changes what measure() reports, or throws; called with the number of the call.
    std::function<void(int call, const chela::Config&, chela::Effort, chela::Measurement&)> on_measure;
    std::function<void(const chela::Config&)> on_compile;
    double measure_seconds = 0; ///< that each call takes
    double compile_seconds = 0;

    std::atomic<int> compiles = 0;
    std::atomic<int> compiling = 0;                ///< now
    std::atomic<int> most_compiling = 0;           ///< at once, ever
    std::atomic<int> measured_while_compiling = 0; ///< measure() calls that overlapped a compilation
    std::vector<std::pair<std::string, chela::Effort>> measured; ///< in order
    int measures(chela::Effort) const;
};

/// A folder of its own for one test, removed with it.
class Folder {
  public:
    Folder();
    ~Folder();
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
    /// Names of the files whose name holds `part`.
    std::vector<std::string> files(const std::string& part) const;

  private:
    std::filesystem::path path_;
};

/// An ok record of the toy problem.
chela::Record record(const chela::Problem&, const chela::RunnerInfo&, const std::string& config,
                     double median_ms);

} // namespace toy
