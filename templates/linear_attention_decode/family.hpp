#pragma once
// The decode step of linear attention: a few new tokens, the state updated in place (see reference.h for the
// definition).

#include "codegen/family.hpp"
#include "templates/linear_attention/family.hpp" // Decay, FeatureMap, heads_of

namespace chela {

const Family& linear_attention_decode_family();

/// The algorithms of the family.
const Algorithm& linear_attention_decode_registers(); ///< CUDA cores, the state in registers
const Algorithm& linear_attention_decode_cpu_tiles(); ///< the CPU, tiles of the state in vector registers

/// Most tokens of one step: beyond it linear_attention with an initial and a final state is the better tool.
constexpr int most_decode_tokens = 16;

/// What the choice `state_dtype` means.
DType decode_state_dtype(const Values& traits);

} // namespace chela
