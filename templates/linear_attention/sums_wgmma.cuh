#pragma once
// What a piece adds to the state, on wgmma: its chunks of k and v, the last one first, so that what the piece
// begins with is still in L2 when its outputs are computed.

#include "linear_attention/copying_wgmma.cuh"
#include "linear_attention/decay_wgmma.cuh"
#include "linear_attention/gates_wgmma.cuh"
#include "linear_attention/state_wgmma.cuh"
#include "linear_attention/work_wgmma.cuh"

namespace chela {

/// Brings the chunks of k and v of a unit. Where outputs read them again, L2 is asked to keep them: those of
/// a small problem all stay.
template <class Config, class Arguments>
CHELA_DEVICE void copy_backwards(const Arguments& arguments, unsigned char* shared, Filler<Config>& filler,
                                 const Unit& unit) {
    for (int index = unit_chunks<Config>(unit) - 1; index >= 0; --index) {
        const int token = unit.begin + index * Config::chunk;
        unsigned char* const stage = filler.next(filler.key_bytes + filler.value_bytes);
        load_key<Config, Config::causal>(filler, stage + Config::key_offset, arguments, unit, token);
        load_value<Config, Config::causal>(filler, stage + Config::value_offset, arguments, unit, token);
        //@if decay == scalar
        load_gates<Config>(shared, filler.cursor.slot, arguments, unit, token, filler.thread);
        //@end
        filler.landing();
    }
}

/// Adds the chunks of a unit to a warpgroup's state. next(token) waits for the chunk at that token and gives
/// the slot of its stage; done() says that it has been read. Returns the logarithm (base 2) of the unit's
/// decay.
template <class Config, class Arguments, class Next, class Done>
CHELA_DEVICE float sum_backwards(GroupState<Config>& state, const Arguments& arguments, unsigned char* shared,
                                 const Unit& unit, int group, const Next& next, const Done& done) {
    using State = GroupState<Config>;
    float log2_decay = 0.0f;
    for (int index = unit_chunks<Config>(unit) - 1; index >= 0; --index) {
        const int token = unit.begin + index * Config::chunk;
        const int slot = next(token);
        const unsigned char* const stage = shared + slot * Config::stage_bytes;
        uint32 values[State::token_steps][4];
        load_values<Config>(values, stage + Config::value_offset + group * (Config::chunk * 128));
        //@if decay != none
        const ChunkDecay<Config> decay = chunk_decay<Config>(shared, slot, arguments, unit, token);
        float columns[16];
        decay.of_columns(columns);
        weigh_values<typename Config::Element>(values, values, columns,
                                               log2_decay + decay.total); // with all that follows
        log2_decay += decay.total;
        //@end
        wgmma_pin(state.c);
        wgmma_fence();
        state.update(values, stage + Config::key_offset);
        wgmma_commit();
        wgmma_wait<0>();
        wgmma_pin(state.c);
        done();
    }
    return log2_decay;
}

} // namespace chela
