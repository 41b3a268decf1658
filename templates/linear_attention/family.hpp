#pragma once
// Linear attention, forward (see reference.h for the definition).

#include "codegen/family.hpp"

namespace chela {

const Family& linear_attention_family();

/// The algorithms of the family, in order of preference where several serve.
const Algorithm& linear_attention_wgmma();       ///< warpgroups of sm_90a
const Algorithm& linear_attention_mma();         ///< tensor cores, compute capability 8.0 and up
const Algorithm& linear_attention_simt();        ///< fp32 on CUDA cores
const Algorithm& linear_attention_cpu_blocked(); ///< register-blocked products on the CPU

enum class Math { ieee, tf32 };
/// a_t of the definition: 1; exp(-decay[h]); exp(gate[t, h]).
enum class Decay { none, per_head, scalar };
/// Applied to every element of q and k; elu_plus_one is x + 1 above 0 and exp(x) below, squared_relu
/// max(x, 0)^2.
enum class FeatureMap { identity, relu, elu_plus_one, silu, exp, squared_relu };

// Of the traits and extents that the decode step shares.
bool decays_per_head(const Values& traits);
bool decays_by_gate(const Values& traits);
bool normalizes(const Values& traits);
/// Heads of all sequences, at least 1.
std::int64_t heads_of(const Problem&);

} // namespace chela
