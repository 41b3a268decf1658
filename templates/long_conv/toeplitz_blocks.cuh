#pragma once
// Blocks of 64 tokens of 8 sequences in shared memory, and their products with Toeplitz blocks of 64×64 taps.
//
// A block is an operand of wgmma as it lies there: of each sequence 128 bytes, whose 16-byte pieces are xored
// with the number of the sequence (the 128-byte swizzle).

#include "long_conv/toeplitz_taps.cuh"
#include "prelude/cuda/matrix.cuh"
#include "prelude/cuda/wgmma.cuh"

namespace chela {

/// The blocks of a tile: of each channel Config::window of them, one after the other.
template <class Config>
class Blocks {
    using Element = typename Config::Element;

  public:
    static constexpr int tokens = 64, sequences = 8, elements = sequences * tokens, bytes = 2 * elements;

    CHELA_DEVICE explicit Blocks(Element* first) : first_(first) {}

    CHELA_DEVICE Element* block(int channel, int position) const {
        return first_ + (channel * Config::window + position) * elements;
    }
    CHELA_DEVICE Element* at(int channel, int position, int sequence, int token) const {
        return block(channel, position) + sequence * tokens + (token / 8 ^ sequence) * 8 + token % 8;
    }
    CHELA_DEVICE uint64 operand(int channel) const {
        return wgmma_descriptor<Swizzle::bytes128>(block(channel, 0), 16, bytes);
    }

  private:
    Element* first_;
};

/// The outputs of a warpgroup: accumulators of the strip's blocks, the last one first.
template <class Config>
using Outputs = float[Config::strip * 4];

/// The products of a channel's inputs with neighbouring diagonals, those that a segment of taps begins with.
template <class Config>
class Products {
    using Element = typename Config::Element;
    static constexpr int strip = Config::strip, steps = Blocks<Config>::tokens / 16;

  public:
    CHELA_DEVICE Products(const TapSegment<Config>& segment, uint64 inputs)
        : segment_(segment), inputs_(inputs), warp_(warp_index() % 4) {}

    /// Those of the first `diagonals`, where all blocks of inputs from `positions` on are zeros.
    CHELA_DEVICE void add(Outputs<Config>& sum, int diagonals, int positions) {
#pragma unroll 1
        for (int first = 0; first < diagonals; first += together)
            add_some<strip>(sum, first, positions - first);
        wgmma_pin(sum);
    }

  private:
    static constexpr int together = 4; ///< diagonals with as many columns

    /// Of the strip's `blocks` last blocks of outputs, the others having no inputs from `needed` on.
    template <int blocks>
    CHELA_DEVICE void add_some(Outputs<Config>& sum, int first, int needed) {
        if constexpr (blocks > together)
            if (needed <= blocks - together) return add_some<blocks - together>(sum, first, needed);
        constexpr int columns = blocks * Blocks<Config>::sequences;
        auto& part = reinterpret_cast<float(&)[columns / 2]>(sum);
        const uint64 inputs = wgmma_advance(inputs_, first * Blocks<Config>::bytes);
        const int block = (first - Config::segment_diagonals) * steps + warp_;
#pragma unroll
        for (int i = 0; i < together; ++i) {
            FragmentA taps[steps]; // of the diagonal, for the 16 rows of this warp
            load(taps, block + i * steps);
            wgmma_fence();
#pragma unroll
            for (int step = 0; step < steps; ++step)
                wgmma<columns, Element>(part, taps[step].r,
                                        wgmma_advance(inputs, i * Blocks<Config>::bytes + step * 32));
            wgmma_commit();
            // The next diagonal's taps come while this one is at work; other widths take the sums after it.
            if (i + 1 < together)
                wgmma_wait<1>();
            else
                wgmma_wait<0>();
        }
    }

    /// Blocks of 16×16 taps: `block`, the one before and so on. Neighbours have a word in common.
    CHELA_DEVICE void load(FragmentA (&taps)[steps], int block) const {
        const volatile uint32* const at = segment_.words_of(block);
        uint32 word[2 * steps + 1];
#pragma unroll
        for (int i = 0; i < 2 * steps + 1; ++i) word[i] = at[4 * i - 4];
#pragma unroll
        for (int i = 0; i < steps; ++i)
            taps[i] = {{word[2 * i + 1], word[2 * i], word[2 * i + 2], word[2 * i + 1]}};
    }

    TapSegment<Config> segment_;
    uint64 inputs_;
    int warp_;
};

} // namespace chela
