#pragma once
// What came of one candidate.

#include "codegen/problem.hpp"

#include <string>
#include <string_view>

namespace chela {

enum class Status { ok, wrong, compile_error, launch_error, hung, unstable, crashed };
std::string_view to_string(Status);
Status status_from(std::string_view); ///< throws UserError

/// How much time a measurement may take. Both verify the candidate before they time it.
enum class Effort {
    quick,   ///< few samples: enough to sort candidates roughly
    thorough ///< many samples, for the best few: enough to tell candidates a few percent apart
};
std::string_view to_string(Effort);
Effort effort_from(std::string_view); ///< throws UserError

struct Measurement {
    Status status = Status::ok;
    double median_ms = 0; ///< of the timed launches
    double spread_ms = 0; ///< interquartile range of the timed launches
    int samples = 0;
    double relative_error = 0; ///< rms(out - ref) / rms(ref), the worst output and check; NaN is possible
    double compile_ms = 0;
    std::string detail; ///< why it is not ok: first compiler error, which output and seed, which signal
};

} // namespace chela
