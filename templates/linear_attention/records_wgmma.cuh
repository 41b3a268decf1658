#pragma once
// What a split sequence hands over between its launches, on wgmma: of each piece the state that it adds, as
// the warpgroups hold it in registers. Whoever begins in the middle of a sequence sums up what comes before.

#include "linear_attention/state_wgmma.cuh"
#include "linear_attention/units.cuh"
#include "prelude/cuda/launch.cuh"
#include "prelude/cuda/math.cuh"

namespace chela {

/// The part of a record that belongs to the calling thread: four floats of each thread side by side.
template <class Config>
CHELA_DEVICE float* record_part(float* record, int first_value) {
    return record + first_value / 64 * (64 * Config::head_columns) + thread_index() % 128 * 4;
}

/// What the unit's piece adds to the state, and the logarithm (base 2) of its decay.
template <class Config, class Arguments>
CHELA_DEVICE void store_record(const GroupState<Config>& state, const Arguments& arguments, const Unit& unit,
                               int first_value, [[maybe_unused]] float log2_decay) {
    float* const record = unit_state<Config>(arguments, unit, unit.piece);
    float* const part = record_part<Config>(record, first_value);
#pragma unroll
    for (int i = 0; i < Config::head_columns / 2; i += 4) {
        const float* const c = state.c + i;
        *reinterpret_cast<Vector16*>(part + i * 128) = {float_to_bits(c[0]), float_to_bits(c[1]),
                                                        float_to_bits(c[2]), float_to_bits(c[3])};
    }
    //@if decay != none
    if (thread_index() % 128 == 0) record[Config::record_decay + first_value / 64] = log2_decay;
    //@end
}

template <class Config>
CHELA_DEVICE void add_record(GroupState<Config>& state, const float* part) {
#pragma unroll
    for (int i = 0; i < Config::head_columns / 2; i += 4) {
        const Vector16 x = *reinterpret_cast<const Vector16*>(part + i * 128);
        state.c[i] += bits_to_float(x.x);
        state.c[i + 1] += bits_to_float(x.y);
        state.c[i + 2] += bits_to_float(x.z);
        state.c[i + 3] += bits_to_float(x.w);
    }
}

//@if reads_workspace
/// Goes on to the state behind pieces `first` to `end` - 1.
template <class Config, class Arguments>
CHELA_DEVICE void add_records(GroupState<Config>& state, const Arguments& arguments, const Unit& unit,
                              int first_value, int first, int end) {
    float* const records = unit_state<Config>(arguments, unit, first);
    const float* part = record_part<Config>(records, first_value);
    //@if decay != none
    const float* decay = records + Config::record_decay + first_value / 64; // the warpgroup's own
    //@end
#pragma unroll 1
    for (int piece = first; piece < end; ++piece, part += Config::record_elements) {
        //@if decay != none
        state.scale(exp2_approx(*decay));
        decay += Config::record_elements;
        //@end
        add_record(state, part);
    }
}
//@end

template <class Config, class Arguments>
CHELA_DEVICE void load_initial_state(GroupState<Config>& state, const Arguments& arguments, const Unit& unit,
                                     int first_value) {
    state.clear();
    if (arguments.initial_state)
        state.load(arguments.initial_state + unit.batch * arguments.initial_state_stride[0] +
                       unit.head * arguments.initial_state_stride[1],
                   arguments.initial_state_stride[2], first_value);
}

//@if !joined
/// What a unit starts from: the initial state, and what `pieces` pieces add to it.
template <class Config, class Arguments>
CHELA_DEVICE void load_state(GroupState<Config>& state, const Arguments& arguments, const Unit& unit,
                             int first_value, int pieces) {
    load_initial_state(state, arguments, unit, first_value);
    //@if reads_workspace
    if (pieces > 0) launch_wait();
    add_records(state, arguments, unit, first_value, 0, pieces);
    //@end
}
//@end

template <class Config, class Arguments>
CHELA_DEVICE void store_final_state(GroupState<Config>& state, const Arguments& arguments, const Unit& unit,
                                    int first_value) {
    if (arguments.final_state)
        state.store(arguments.final_state + unit.batch * arguments.final_state_stride[0] +
                        unit.head * arguments.final_state_stride[1],
                    arguments.final_state_stride[2], first_value);
}

} // namespace chela
