#pragma once
// Long convolution by Fourier transforms on tensor cores: the polynomials modulo X^N - i of forward_fft.cuh,
// N = 256 A, whose transform is taken digit by digit as small matrix products (fft_mma_tables.cuh; Monarch,
// Fu et al. 2023). Values between two products are fp16, sums fp32. A sequence is scaled by a power of two
// for that, so errors are relative to its largest input, and no product overflows: with each matrix unitary
// and no factor of a spectrum beyond the square root of 2, the sum of the squares stays what it was.

#include "long_conv/fft_mma_outer.cuh"
#include "long_conv/shift.cuh"
#include "prelude/cuda/opaque.cuh"

namespace chela {

/// The outputs of a warp's columns, those of the first `left` tokens; `whole` where these are all.
template <class Config, bool whole>
CHELA_DEVICE void store_outputs(typename Config::Element* y, int left,
                                const Exchange<Config::transform>& shared, const FftTables<Config>& tables,
                                float scale, int unit) {
    constexpr int packet = Config::row_packet;
    outer_backward<Config>(shared, tables, scale, unit, [&](int token, const auto& words) {
#pragma unroll
        for (int j = 0; j < Config::columns; j += packet) {
            Piece<typename Config::Element, packet> piece;
#pragma unroll
            for (int i = 0; i < packet / 2; ++i) piece.set_word(i, words[j / 2 + i]);
            store_piece<packet, Config::rows_aligned>(y + token + j, piece,
                                                      whole ? packet : left - token - j);
        }
    });
}

/// Of inputs of which `largest` is the largest.
template <class Element>
CHELA_DEVICE PowerOfTwo scale_of(float largest) {
    //@if dtype == fp16
    return PowerOfTwo(largest, -24, 15);
    //@else
    return PowerOfTwo(largest);
    //@end
}

/// A block takes a channel, a block of its outputs, and some sequences, Config::sequences at a time.
template <class Config, class Arguments>
CHELA_DEVICE void long_conv_forward_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int outputs = Config::transform, sequences = Config::sequences,
                  warps = 32 / Config::columns; // of a sequence
    const uint32 block = static_cast<uint32>(block_index()),
                 batch_groups = (arguments.batch + Config::batches - 1u) / Config::batches,
                 token_blocks = (arguments.length + outputs - 1u) / outputs;
    const int first_batch = static_cast<int>(block % batch_groups) * Config::batches,
              first_token = static_cast<int>(block / batch_groups % token_blocks) * outputs,
              own_channel = static_cast<int>(block / batch_groups / token_blocks),
              last_batch = first_batch + Config::batches < arguments.batch ? first_batch + Config::batches
                                                                           : arguments.batch,
              first_input = first_token + shift_of<Config>(arguments);

    const uint32* const table = reinterpret_cast<const uint32*>(arguments.prepared);
    const FftTables<Config> tables(table);
    // The same where an extent is not negative, which the compiler does not know: what is loaded through it
    // is loaded anew, and not kept in registers from before.
    const auto again = [table](int extent) { return FftTables<Config>(table + (extent >> 31)); };
    float* const largest_of_warps =
        reinterpret_cast<float*>(dynamic_shared() + sequences * Exchange<outputs>::bytes);

    const int warp = warp_index(), own = sequences == 1 ? 0 : warp / warps; // sequence
    const Exchange<outputs> shared(own);
#pragma unroll 1
    for (int round = 0; round < Config::batches / sequences; ++round) {
        const int first = first_batch + round * sequences;
        if (first >= last_batch) break;
        // Every warp takes part: where there is no such sequence, in the last one again.
        const bool is_there = first + own < last_batch;
        // Addresses take an instruction, but in registers from one sequence to the next there are too many.
        const int input = opaque(first_input), output = opaque(first_token), unit = opaque(warp % warps),
                  channel = opaque(own_channel);
        const int batch = is_there ? first + own : last_batch - 1;
        OuterInputs<Config> inputs;
        const auto load_before = [&] {
            inputs.template load<false>(arguments, batch, channel, input - outputs,
                                        UnitColumns<Config>(unit));
        };
        float largest = 0.0f;
        if (input > 0) {
            load_before();
            largest = inputs.largest();
        }
        if (input + outputs <= arguments.length)
            inputs.template load<true>(arguments, batch, channel, input, UnitColumns<Config>(unit));
        else
            inputs.template load<false>(arguments, batch, channel, input, UnitColumns<Config>(unit));
        if (first + sequences + own < last_batch) // the next sequence comes while this one is transformed
            input_row<Config>(arguments, batch + sequences, channel)
                .from(input)
                .prefetch(outputs, 32 * unit + lane(), 32 * warps);
        largest = maximum(largest, inputs.largest());
        if (lane() == 0) largest_of_warps[warp] = largest;
        sync_threads(); // and everyone is done with the values before
#pragma unroll
        for (int i = 0; i < warps; ++i) largest = maximum(largest, largest_of_warps[own * warps + i]);
        const PowerOfTwo scale = scale_of<Element>(largest);
        inputs.scale(scale);
        outer_forward<Config, false>(shared, tables, inputs, unit);
        if (input > 0) {
            load_before();
            inputs.scale(scale);
            outer_forward<Config, true>(shared, again(arguments.length), inputs, unit);
        }
        sync_threads();
        {
            const uint32* const spectrum = prepared_spectrum<Config>(arguments, channel);
            const TileTransform<Config> transform(again(arguments.channels));
#pragma unroll 1
            for (int ka = warp; ka < Config::outer; ka += Config::threads / 32)
#pragma unroll 1
                for (int i = 0; i < sequences; ++i) transform.apply(Exchange<outputs>(i), spectrum, ka);
        }
        sync_threads();
        Element* const y = output_row<Config>(arguments, batch, channel) + output;
        const float scale_back =
            FftTables<Config>::sums_scale * *prepared_scale<Config>(arguments, channel) * scale.up();
        const int left = is_there ? arguments.length - output : 0;
        if (output + outputs <= arguments.length && is_there)
            store_outputs<Config, true>(y, left, shared, tables, scale_back, unit);
        else
            store_outputs<Config, false>(y, left, shared, tables, scale_back, unit);
    }
}

} // namespace chela
