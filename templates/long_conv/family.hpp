#pragma once
// Long convolution, depthwise, forward (see reference.h for the definition).

#include "codegen/family.hpp"
#include "templates/short_conv/family.hpp" // ConvLayout

namespace chela {

const Family& long_conv_family();

class LongConvAlgorithm; // templates/long_conv/plan.hpp

/// The algorithms of the family.
const LongConvAlgorithm& long_conv_fft_mma();        ///< tensor cores, 16-bit x, some lengths of a transform
const LongConvAlgorithm& long_conv_fft();            ///< CUDA cores, any x, kernels that one block transforms
const LongConvAlgorithm& long_conv_fft_split();      ///< CUDA cores, any x, longer kernels
const LongConvAlgorithm& long_conv_toeplitz_wgmma(); ///< tensor cores of sm_90a, otherwise as the next
const LongConvAlgorithm& long_conv_toeplitz_batch(); ///< tensor cores, 16-bit x, 8 sequences at a time
const LongConvAlgorithm& long_conv_toeplitz();       ///< tensor cores, 16-bit x, any number of sequences
const LongConvAlgorithm& long_conv_direct();         ///< CUDA cores, any x
const LongConvAlgorithm& long_conv_cpu_fft();        ///< the CPU, by its transform
const LongConvAlgorithm& long_conv_cpu_blocked();    ///< the CPU, by the definition

bool carries(const Values& traits); ///< whether states are carried

} // namespace chela
