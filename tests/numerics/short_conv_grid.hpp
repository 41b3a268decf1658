#pragma once
// The grid of problems on which the short convolution is compared with its definition in float64, on any
// device.

#include <chela/chela.hpp>

#include <string>
#include <vector>

namespace chela::tests {

struct ShortConvCase {
    ShortConv problem;
    VerifyOptions options;
};

/// How much of the grid: an emulated GPU takes the reduced one.
enum class ShortConvGrid { full, reduced };
std::vector<ShortConvCase> short_conv_grid(ShortConvGrid);

/// Runs one case in the device's own default configuration, or in the given one. Returns why it is wrong, or
/// nothing.
std::string run_case(Session&, const ShortConvCase&);
std::string run_case(Session&, const ShortConvCase&, const Config&);

/// Small problems whose search spaces are run, every `step`-th configuration, and why each that is wrong is.
std::vector<ShortConv> short_conv_spaces();
std::vector<std::string> run_space(Session&, const ShortConv&, std::size_t step = 1);

/// A sequence in launches over its pieces, each with the state that the one before left, against its
/// definition over the whole: the larger of the relative differences of the outputs and of the state at the
/// end.
std::vector<std::pair<ShortConv, std::vector<int>>> short_conv_splits();
double split_difference(Session&, ShortConv problem, const std::vector<int>& pieces);

} // namespace chela::tests
