#pragma once
// Where the decay of a chunk comes from: gates beside the stage's tiles, or the head's constant.

#include "linear_attention/decay_wgmma.cuh"
#include "linear_attention/units.cuh"
#include "prelude/cuda/copy.cuh"

namespace chela {

//@if decay == scalar
/// Starts copying the gates of a chunk, zeros behind the unit's end.
template <class Config, class Arguments>
CHELA_DEVICE void load_gates(unsigned char* shared, int slot, const Arguments& arguments, const Unit& unit,
                             int token, int thread) {
    if (thread >= Config::chunk) return;
    const long long batch = Config::packed ? 0 : unit.batch * arguments.gate_stride[0];
    const float* const gate = arguments.gate + batch + unit.head;
    float* const to = reinterpret_cast<float*>(shared + Config::gates_offset) + slot * Config::chunk;
    const bool valid = token + thread < unit.end;
    cp_async<4>(to + thread, valid ? gate + (token + thread) * arguments.gate_stride[1] : gate, valid);
}
//@end

//@if decay != none
template <class Config, class Arguments>
CHELA_DEVICE ChunkDecay<Config> chunk_decay(const unsigned char* shared, int slot, const Arguments& arguments,
                                            const Unit& unit, int token) {
    //@if decay == scalar
    return ChunkDecay<Config>(reinterpret_cast<const float*>(shared + Config::gates_offset) +
                              slot * Config::chunk);
    //@else
    return ChunkDecay<Config>(arguments.decay[unit.head] * -1.44269504f, unit.end - token); // log2(e)
    //@end
}
//@end

} // namespace chela
