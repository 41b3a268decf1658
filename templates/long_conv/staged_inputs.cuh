#pragma once
// Inputs of a transform through shared memory, where they lie in the order of the tokens: they come by pieces
// of neighbouring tokens, and the threads of a transform hold others than that.

#include "long_conv/pending_inputs.cuh"
#include "long_conv/shared_pieces.cuh"

namespace chela {

/// Those of a channel from token `first` on, a multiple of a piece's size; zeros outside of the sequence. By
/// the `threads` of a transform.
template <class Config, int tokens, int threads, class Arguments>
CHELA_DEVICE void stage_inputs(typename Config::Element* staged, const Arguments& arguments, int batch,
                               int channel, int first, int thread) {
    using Element = typename Config::Element;
    using Inputs = PendingInputs<Config>;
    constexpr int packet = Config::row_packet, step = threads * packet, rounds = (tokens + step - 1) / step;
    // Eight pieces are on their way at once: there are registers for them.
    constexpr int most = Inputs::pieces < 8 ? 8 / Inputs::pieces : 1,
                  together = rounds < most ? rounds : most;
#pragma unroll 1
    for (int round = 0; round < rounds; round += together) {
        Inputs pending[together];
        Piece<Element, packet> piece[together];
        const auto each = [&](const auto& body) {
#pragma unroll
            for (int i = 0; i < together; ++i) {
                const int at = (round + i) * step + thread * packet;
                if (tokens % (together * step) == 0 || at < tokens) body(i, at);
            }
        };
        each([&](int i, int at) { pending[i].ask(arguments, batch, channel, first + at); });
        each([&](int i, int) { piece[i] = pending[i].take(arguments, channel); });
        each([&](int i, int at) { put_piece(staged + at, piece[i]); });
    }
}

} // namespace chela
