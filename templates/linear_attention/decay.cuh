#pragma once
// The decay inside a chunk, kept in shared memory by a block. With b_t the sum of the logarithms (base 2) of
// a up to and including token t, three arrays of `chunk` floats: b_t; 2^b_t, what is left at t of the state
// before the chunk; 2^(b_last - b_t), what the chunk's end has left of token t.

#include "linear_attention/units.cuh"
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/math.cuh"

namespace chela {

/// The gates of the chunks in flight (where they come from memory) and the decay of the present chunk.
template <class Config>
struct BlockDecay {
    static constexpr float log2_e = 1.44269504f;
    float* const gates;      ///< [stages][chunk], natural logarithms
    float* const log;        ///< b
    float* const from_start; ///< 2^b
    float* const to_end;     ///< 2^(b_last - b)

    CHELA_DEVICE explicit BlockDecay(unsigned char* shared)
        : gates(
              //@if decay == scalar
              reinterpret_cast<float*>(shared + Config::gates_offset)
              //@else
              nullptr
              //@end
              ),
          log(reinterpret_cast<float*>(shared + Config::decay_offset)), from_start(log + Config::chunk),
          to_end(from_start + Config::chunk) {}

    //@if decay == scalar
    /// Starts copying the gates of a chunk from `token` on, zeros behind the unit's end.
    template <class Arguments>
    CHELA_DEVICE void load(int slot, const Arguments& arguments, const Unit& unit, int token) const {
        const long long batch = Config::packed ? 0 : unit.batch * arguments.gate_stride[0];
        const float* const gate = arguments.gate + batch + unit.head;
        for (int i = thread_index(); i < Config::chunk; i += block_threads()) {
            const bool valid = token + i < unit.end;
            cp_async<4>(gates + slot * Config::chunk + i,
                        valid ? gate + (token + i) * arguments.gate_stride[1] : gate, valid);
        }
    }
    //@end

    /// Fills the three arrays for the chunk in `slot`, for the block to read after a barrier.
    template <class Arguments>
    CHELA_DEVICE void prepare(int slot, const Arguments& arguments, const Unit& unit, int token) const {
        if (warp_index() != 0) return;
        //@if decay == per_head
        const float rate = arguments.decay[unit.head] * -log2_e;
        //@end
        const auto log_of = [&](int index) {
            if (index >= Config::chunk) return 0.0f;
            //@if decay == scalar
            return gates[slot * Config::chunk + index] * log2_e;
            //@else
            return token + index < unit.end ? rate : 0.0f;
            //@end
        };
        float before = 0.0f;
        for (int first = 0; first < Config::chunk; first += 32) {
            const int index = first + lane();
            float sum = log_of(index);
#pragma unroll
            for (int distance = 1; distance < 32; distance *= 2) {
                const float below = shuffle_up(sum, distance);
                if (lane() >= distance) sum += below;
            }
            sum += before;
            if (index < Config::chunk) log[index] = sum, from_start[index] = exp2_approx(sum);
            before = shuffle(sum, 31);
        }
        // Summed up from the end: what is left of the last tokens is not a difference of large numbers.
        float behind = 0.0f;
        for (int first = (Config::chunk - 1) / 32 * 32; first >= 0; first -= 32) {
            const int index = first + lane();
            const float next = log_of(index + 1 < first + 32 ? index + 1 : Config::chunk);
            float sum = next;
#pragma unroll
            for (int distance = 1; distance < 32; distance *= 2) {
                const float above = shuffle_down(sum, distance);
                if (lane() + distance < 32) sum += above;
            }
            sum += behind;
            if (index < Config::chunk) to_end[index] = exp2_approx(sum);
            behind = shuffle(sum + log_of(index), 0);
        }
    }

    /// The logarithm (base 2) of what the whole chunk leaves of a state.
    CHELA_DEVICE float total() const { return log[Config::chunk - 1]; }
    CHELA_DEVICE float kept() const { return from_start[Config::chunk - 1]; }
};

} // namespace chela
