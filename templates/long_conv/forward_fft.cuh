#pragma once
// Long convolution by Fourier transforms in fp32, a sequence in the shared memory of one block. Inputs are
// real, and a product of two polynomials with real coefficients modulo X^N - i has its terms below X^N in the
// real parts, and those from X^N on, which an output must not meet, in the imaginary ones: N complex points
// for N outputs, no zeros between them. The outputs of a longer sequence, whose kernel has at most N entries,
// are made N at a time; the N inputs before them come in as -i times theirs: what they add from X^N on lands
// in the real parts.

#include "long_conv/input.cuh"
#include "long_conv/outputs.cuh"
#include "long_conv/spectrum.cuh"
#include "long_conv/staged_inputs.cuh"
#include "long_conv/transform.cuh"
#include "prelude/cuda/opaque.cuh"

namespace chela {

/// A group of threads takes a channel, a block of its outputs, and some sequences one after the other, which
/// share the channel's spectrum.
template <class Config, class Arguments>
CHELA_DEVICE void long_conv_forward_body(const Arguments& arguments) {
    using Element = typename Config::Element;
    constexpr int points = Config::points, outputs = Config::transform;
    using Of = Passes<outputs, points>;
    const int own = thread_index() / Of::threads, first_thread = thread_index() % Of::threads;
    const uint32 block = static_cast<uint32>(block_index()),
                 batch_groups = (arguments.batch + Config::batches - 1u) / Config::batches,
                 token_blocks = (arguments.length + outputs - 1u) / outputs;
    const int first_batch = static_cast<int>(block % batch_groups) * Config::batches,
              first_token = static_cast<int>(block / batch_groups % token_blocks) * outputs,
              own_channel = static_cast<int>(block / batch_groups / token_blocks) * Config::sequences + own;
    // Every thread takes part: where there is no such channel, in the last one again.
    const auto there = [&](int channel) {
        return channel < arguments.channels ? channel : arguments.channels - 1;
    };
    const int last_batch =
        first_batch + Config::batches < arguments.batch ? first_batch + Config::batches : arguments.batch;

    using Twiddles = StoredTwiddles<TwiddleTable<outputs, points>>;
    const int input = first_token + shift_of<Config>(arguments);
    Element* const staged =
        reinterpret_cast<Element*>(dynamic_shared() + Config::staged_offset + own * Config::staged_bytes);
    for (int line = first_thread; line < outputs / elements_of_line<Complex>; line += Of::threads)
        prefetch_line(
            spectrum_of<Config>(arguments, there(own_channel), line * elements_of_line<ComplexPair>));
#pragma unroll 1
    for (int batch = first_batch; batch < last_batch; ++batch) {
        // Addresses take an instruction, but in registers from one sequence to the next there are too many.
        const int thread = opaque(first_thread), wanted = opaque(own_channel), channel = there(wanted),
                  position = Of::position(0, thread, 0);
        const Transform<points, Twiddles> transform(reinterpret_cast<Complex*>(dynamic_shared()) +
                                                        own * Of::row_pitch,
                                                    thread, Twiddles(twiddle_table<Config>(arguments)));
        Complex value[points];
        const auto stage = [&](int first) {
            stage_inputs<Config, outputs, Of::threads>(staged, arguments, batch, channel, first, thread);
            transform.meet();
        };
        //@if !apart
        transform.meet();
        //@end
        stage(input);
        const Element* const from = staged + position;
#pragma unroll
        for (int i = 0; i < points; ++i) value[i] = {to_float(from[Of::position(0, 0, i)]), 0.0f};
        if (input > 0) {
            transform.meet();
            stage(input - outputs);
#pragma unroll
            for (int i = 0; i < points; ++i) value[i].im = -to_float(from[Of::position(0, 0, i)]);
        }
        //@if !apart
        transform.meet();
        //@end
        if (batch + 1 < last_batch) // the next sequence comes while this one is transformed
            input_row<Config>(arguments, batch + 1, channel)
                .from(input)
                .prefetch(outputs, thread, Of::threads);

        transform.forward(value);
        multiply_by_spectrum<Of::threads>(value, spectrum_of<Config>(arguments, channel, thread));
        transform.backward(value);

        float result[points];
        transform.real_parts(result, value);
        Element* const to = output_row<Config>(arguments, batch, channel) + first_token + position;
        const int left = wanted < arguments.channels ? arguments.length - first_token - position : 0;
#pragma unroll
        for (int i = 0; i < points; ++i)
            if (Of::position(0, 0, i) < left)
                to[Of::position(0, 0, i)] = from_float<Element>(output_of(result[i]));
    }
}

} // namespace chela
