#pragma once
// With what a program is verified, and what came of it.

#include "runtime/placement.hpp"

#include <map>
#include <string>
#include <vector>

namespace chela {

struct VerifyOptions {
    std::uint64_t seed = 1;
    double value_scale = 1; ///< multiplies every input
    Layout layout = Layout::contiguous;
    bool optional_inputs = true;           ///< pass them, or null pointers
    bool optional_outputs = true;          ///< ask for them, or pass null pointers
    std::map<std::string, double> scalars; ///< instead of the family's fallbacks
    /// Elements of inputs in the order of their dims, repeated to the end, instead of random ones.
    std::map<std::string, std::vector<double>> values;

    /// "seed 1, values scaled by 1000, layout padded_rows, without optional inputs": how to repeat a failure.
    std::string to_string() const;
    bool present(const TensorSpec& tensor) const {
        return !tensor.optional() || (tensor.output() ? optional_outputs : optional_inputs);
    }
};

struct VerifyResult {
    bool passed = false;
    double relative_error =
        0;              ///< rms(out - ref) / rms(ref) of the worst output; infinity where it holds a NaN or
                        ///< where only ref is zero, NaN where memory damage made a comparison pointless
    std::string output; ///< the worst output
    std::string detail; ///< why it failed, with all that a repetition needs; empty where it passed
};

} // namespace chela
