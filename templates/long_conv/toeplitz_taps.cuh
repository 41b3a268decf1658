#pragma once
// Toeplitz blocks of a channel's taps as operands of mma.sync. Block d is the 16×16 matrix
//     T_d[r][s] = h(16 d + r - s)         h: the taps as a function of the lag
// Of its fragment, 16-bit pairs (h(q), h(q - 1)) with q = 8 n + lane / 4 - lane % 4 * 2, the four registers
// are those for n = 2 d, 2 d + 1, 2 d - 1 and 2 d again.

#include "long_conv/taps.cuh"
#include "prelude/cuda/math.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/fragments.cuh"

namespace chela {

/// By what a channel's taps are multiplied before they become 16-bit numbers, a power of two, and the sums
/// after.
struct TapScale {
    float of_taps = 1.0f, of_sums = 1.0f;
};

//@if dtype == fp16
/// The largest of the taps in the blocks of some lags that the warp sees, as one of `threads`, this one being
/// `thread`.
template <int threads, class Arguments>
CHELA_DEVICE float largest_tap(const Arguments& arguments, int channel, const Lags& lags, int thread) {
    float largest = 0.0f;
#pragma unroll 4
    for (int lag = lags.first - 30 + thread; lag <= lags.last + 30; lag += threads)
        largest = maximum(largest, absolute(tap(arguments, channel, lag)));
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) largest = maximum(largest, shuffle_xor(largest, mask));
    return largest;
}

/// Brings the largest of the taps to between 2^14 and 2^15: small ones would lose their digits.
CHELA_DEVICE TapScale scale_for(float largest) {
    constexpr int bias = 127, wanted = 14, most = 126;
    const int exponent = static_cast<int>(float_to_bits(largest) >> 23) - bias;
    const int shift = wanted - exponent < most ? wanted - exponent : most;
    return {bits_to_float(static_cast<uint32>(bias + shift) << 23),
            bits_to_float(static_cast<uint32>(bias - shift) << 23)};
}
//@end

/// Rounds down.
CHELA_DEVICE int floor_divide(int value, int divisor) {
    return value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor);
}

/// Blocks T_d that have a tap and an input.
struct Diagonals {
    int first, last;
    CHELA_DEVICE explicit Diagonals(const Lags& lags)
        : first(floor_divide(lags.first, 16)), last(floor_divide(lags.last + 15, 16)) {}
    CHELA_DEVICE bool has(int diagonal) const { return diagonal >= first && diagonal <= last; }
};

/// A segment of the taps in shared memory, the largest lag first. Pairs begin at even and at odd positions:
/// two copies, the second one element ahead, so that each pair is one aligned word.
template <class Config>
class TapSegment {
    using Element = typename Config::Element;
    static constexpr int pitch = Config::tap_pitch;

  public:
    CHELA_DEVICE explicit TapSegment(Element* copies) : words_(reinterpret_cast<uint32*>(copies)) {}

    /// The taps of Config::segment_taps lags from `top` downwards; `threads` threads together, this one being
    /// `thread`. `top` is odd.
    template <int threads, class Arguments>
    CHELA_DEVICE void load(const Arguments& arguments, int channel, int top, float scale, int thread) const {
        if (top - Config::segment_taps > 0 &&
            top < arguments.kernel_length) { // of the kernel alone, and all of them there
            const float* const last = arguments.kernel + channel * arguments.kernel_stride[0] + top;
            write<threads>([last](int below) { return last[-below]; }, scale, thread);
        } else {
            write<threads>([&](int below) { return tap(arguments, channel, top - below); }, scale, thread);
        }
    }

    /// Block `block`, counted from the lag `top + 1`, which is a multiple of 16: T_d with d = (top + 1) / 16
    /// + block.
    CHELA_DEVICE FragmentA fragment(int block) const {
        // Four loads: where two registers of an operand are one value, the compiler copies all of them each
        // time.
        const volatile uint32* const at = words_of(block);
        return {{at[0], at[-4], at[4], at[0]}};
    }

    /// Of that block, the word of the lag 16 block + lane / 4 - lane % 4 * 2; each 8 lags further, it is the
    /// fourth before.
    CHELA_DEVICE const volatile uint32* words_of(int block) const {
        const int row = lane() / 4;
        return words_ + (row % 2 ? 0 : pitch / 2) - 1 - row / 2 + lane() % 4 - 8 * block;
    }

  private:
    /// tap_below(i) is for the lag `top - i`.
    template <int threads, class TapBelow>
    CHELA_DEVICE void write(const TapBelow& tap_below, float scale, int thread) const {
        constexpr int words = Config::segment_taps / 2, each = (words + threads - 1) / threads,
                      together = each < 6 ? each : 4; // words that are on their way at once
#pragma unroll 1
        for (int begin = thread; begin < words; begin += together * threads) {
            float value[together][3];
#pragma unroll
            for (int i = 0; i < together; ++i) {
                const int word = begin + i * threads;
#pragma unroll
                for (int j = 0; j < 3; ++j) value[i][j] = word < words ? tap_below(2 * word + j) : 0.0f;
            }
#pragma unroll
            for (int i = 0; i < together; ++i) {
                const int word = begin + i * threads;
                if (word >= words) break;
                words_[word] = pack2<Element>(scale * value[i][0], scale * value[i][1]);
                words_[pitch / 2 + word] = pack2<Element>(scale * value[i][1], scale * value[i][2]);
            }
        }
    }

    uint32* words_;
};

} // namespace chela
