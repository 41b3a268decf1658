#pragma once
// Turns x [batch, length, channels] so that the tokens of a channel lie next to each other, as transforms
// want them, and such outputs back: squares of a sequence through shared memory.

#include "long_conv/input.cuh"
#include "long_conv/partial_pieces.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

/// A square of 64 tokens and 64 channels, with `before` tokens more before it. A row of shared memory is a
/// channel, with an odd number of words of 32 bits, so that neither rows nor columns meet in one bank.
template <class Config, class Arguments, int before = 0>
struct Square {
    using Element = typename Config::Element;
    static constexpr int side = 64, word_elements = 4 / sizeof(Element), pair = 2 * word_elements,
                         first = (before + pair - 1) / pair * pair, // where the square begins in a row
        pitch = first + side + word_elements,
                         vector = 8 / sizeof(Element) * 2; // elements of 16 bytes
    const Arguments& arguments;
    Element* const shared = reinterpret_cast<Element*>(dynamic_shared());
    int channel, token, batch;

    CHELA_DEVICE explicit Square(const Arguments& of) : arguments(of) {
        const uint32 block = static_cast<uint32>(block_index()), channels = (of.channels + side - 1u) / side,
                     tokens = (of.length + side - 1u) / side;
        channel = static_cast<int>(block % channels) * side;
        token = static_cast<int>(block / channels % tokens) * side;
        batch = static_cast<int>(block / channels / tokens);
    }

    /// Calls body(from, own, at, left) for packets of neighbouring channels: of their first element where it
    /// is in x or y, its channel in the square and token in it, and how many channels there are from it on:
    /// none before the sequence.
    template <class T, class Body>
    CHELA_DEVICE void packets(T* tensor, const long long (&stride)[2], const Body& body) const {
        constexpr int packet = Config::packet, of_token = side / packet;
#pragma unroll 4
        for (int i = thread_index(); i < (before + side) * of_token; i += Config::turning_threads) {
            const int at = i / of_token - before, own = i % of_token * packet;
            if (token + at < arguments.length)
                body(tensor + batch * stride[0] + (token + at) * stride[1] + channel + own, own, at,
                     before > 0 && token + at < 0 ? 0 : arguments.channels - channel - own);
        }
    }
    /// x into shared memory.
    CHELA_DEVICE void load() const {
        constexpr int packet = Config::packet;
        packets(arguments.x, arguments.x_stride, [&](const Element* from, int own, int at, int left) {
            const auto piece = load_piece<packet, Config::aligned>(from, left);
#pragma unroll
            for (int i = 0; i < packet; ++i) *at_token(own + i, at) = piece.element(i);
        });
        sync_threads();
    }
    /// Calls body(row, own, at) for vectors of neighbouring tokens in the workspace.
    template <class Row, class Body>
    CHELA_DEVICE void vectors(const Row& row, const Body& body) const {
        constexpr int of_channel = side / vector;
#pragma unroll 4
        for (int i = thread_index(); i < side * of_channel; i += Config::turning_threads) {
            const int own = i / of_channel, at = i % of_channel * vector;
            if (channel + own < arguments.channels && token + at < arguments.length)
                body(row(channel + own) + token + at, own, at);
        }
    }
    CHELA_DEVICE Element* at_token(int own, int at) const { return shared + own * pitch + first + at; }
    CHELA_DEVICE uint32* words(int own, int at) const { return reinterpret_cast<uint32*>(at_token(own, at)); }
};

} // namespace chela
