#pragma once
// The grid of problems of the long convolution, its search spaces, and kernels of one tap.

#include "tests/numerics/grid.hpp"

namespace chela::tests {

std::vector<Case> long_conv_grid(GridSize);

/// What is wrong, or nothing, with each of the Fourier transforms of CUDA cores in their default
/// configurations: short lengths, powers of two and their neighbours, primes, and sequences that are longer
/// than a kernel's transform; long ones too on a GPU.
std::vector<std::string> run_transforms(Session&, GridSize);
/// And with those of tensor cores: lengths that they serve, one block of outputs and several, values of all
/// sizes.
std::vector<std::string> run_mma_transforms(Session&, GridSize);

/// And on the grid with tensor cores of sm_90a, whose batches are mostly served by others.
std::vector<std::string> run_wgmma(Session&, GridSize);

/// Problems whose search spaces are run (run_space).
std::vector<LongConv> long_conv_spaces();

/// A causal sequence in pieces: the largest difference from the whole (tests/numerics/split.hpp).
std::vector<std::pair<LongConv, std::vector<int>>> long_conv_splits();
double split_difference(Session&, LongConv, const std::vector<int>& pieces);

/// A convolution with one tap, at `lag`, moves the inputs: the largest difference from them.
double shift_difference(Session&, LongConv, int lag);

} // namespace chela::tests
