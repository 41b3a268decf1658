#pragma once
// The grid of problems on which the long convolution is compared with its definition in float64, on any
// device.

#include <chela/chela.hpp>

#include <string>
#include <vector>

namespace chela::tests {

struct LongConvCase {
    LongConv problem;
    VerifyOptions options;
};

/// How much of the grid: an emulated GPU takes the reduced one.
enum class LongConvGrid { full, reduced };
std::vector<LongConvCase> long_conv_grid(LongConvGrid);

/// Runs one case in the device's own default configuration, or in the given one. Returns why it is wrong, or
/// nothing.
std::string run_case(Session&, const LongConvCase&);
std::string run_case(Session&, const LongConvCase&, const Config&);

/// Problems whose search spaces are run, every `step`-th configuration, and why each that is wrong is.
std::vector<LongConv> long_conv_spaces();
std::vector<std::string> run_space(Session&, const LongConv&, std::size_t step = 1);

/// A convolution with one tap, at `lag`, moves the inputs: the largest difference from them.
double shift_difference(Session&, LongConv, int lag);

} // namespace chela::tests
