#pragma once
// Linear attention, forward (see reference.h for the definition).

#include "codegen/family.hpp"

namespace chela {

const Family& linear_attention_family();

/// The algorithms of the family, in order of preference where several serve.
const Algorithm& linear_attention_mma();         ///< tensor cores, compute capability 8.0 and up
const Algorithm& linear_attention_simt();        ///< fp32 on CUDA cores
const Algorithm& linear_attention_cpu_blocked(); ///< register-blocked products on the CPU

enum class Math { ieee, tf32 };

} // namespace chela
