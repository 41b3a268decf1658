#pragma once
// The grid of problems on which linear attention is compared with its definition in float64, on any device.

#include <chela/chela.hpp>

#include <string>
#include <vector>

namespace chela::tests {

struct GridCase {
    LinearAttention problem;
    std::int64_t segments = 1; ///< pieces of the sequence: 1 is one launch (causal), more are three
    VerifyOptions options;
};

/// How much of the grid: an emulated GPU takes the reduced one.
enum class GridSize { full, reduced };
std::vector<GridCase> linear_attention_grid(GridSize);
/// The same for decay, feature maps, the normaliser and packed sequences.
std::vector<GridCase> linear_attention_traits_grid(GridSize);

/// Seeds, sizes and configuration of a case in one line.
std::string describe(const GridCase&);
/// Compiles what the cases need, on all cores.
void compile(Session&, const std::vector<GridCase>&);
/// Runs one case with every algorithm of the device (an emulated one: with the one it prefers): its default
/// configuration with the case's segments. Returns what is wrong, or nothing. Counts in `skipped` what the
/// device cannot compute (tf32 on a CPU).
std::string run_case(Session&, const GridCase&, int& skipped);
/// A sequence computed in two pieces with the state (and normaliser) carried over, against the whole:
/// relative difference of the outputs.
double split_difference(Session&, const LinearAttention&, int first_length);

} // namespace chela::tests
