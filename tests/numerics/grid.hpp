#pragma once
// Problems of any family, compared with their definition in float64 on any device.

#include <chela/chela.hpp>

#include <string>
#include <vector>

namespace chela::tests {

struct Case {
    Problem problem;
    VerifyOptions options;
    std::int64_t segments = 0; ///< pieces of the sequence, where an algorithm cuts it; 0: as many as it likes
};

/// How much of a grid: an emulated GPU takes the reduced one.
enum class GridSize { full, reduced };

/// Runs a case with every algorithm of the device (an emulated one: with the one it prefers), each in its
/// default configuration; or in the given one. Returns what is wrong, or nothing.
std::string run_case(Session&, const Case&);
std::string run_case(Session&, const Case&, const Config&);

struct Run {
    Case entry;
    Config config;
};
/// Compiles them on all cores, then runs each. Returns what is wrong with each, or nothing.
std::vector<std::string> run_all(Session&, const std::vector<Run>&);

/// Runs every `step`-th configuration of a problem's search space. Returns what is wrong with each, or
/// nothing.
std::vector<std::string> run_space(Session&, const Problem&, std::size_t step = 1);

/// Checks that all cases pass, and that more than `at_least` were computed. Only a CPU may lack what a case
/// asks for (tf32); these are counted and said.
void run_grid(Session&, const std::vector<Case>&, std::size_t at_least);

Session& cpu_session();
/// Null where there is no GPU, which is said: SKIP.
Session* gpu_session();
Session emulated(const char* target, std::uint64_t seed = 0, bool check_race = false);

} // namespace chela::tests
