#pragma once
// The grid of problems on which the decode step is compared with its definition in float64, on any device.

#include <chela/chela.hpp>

#include <string>
#include <vector>

namespace chela::tests {

struct DecodeCase {
    LinearAttentionDecode problem;
    VerifyOptions options;
};

/// How much of the grid: an emulated GPU takes the reduced one.
enum class DecodeGrid { full, reduced };
std::vector<DecodeCase> linear_attention_decode_grid(DecodeGrid);

/// Runs one case in the device's own default configuration, or in the given one. Returns why it is wrong, or
/// nothing.
std::string run_case(Session&, const DecodeCase&);
std::string run_case(Session&, const DecodeCase&, const Config&);

/// A sequence of linear_attention in steps of the given numbers of tokens, against its definition over the
/// whole sequence: the larger of the relative differences of the outputs and of the state left behind.
double chained_difference(Session&, const LinearAttentionDecode&, const std::vector<int>& steps);

} // namespace chela::tests
