#pragma once
// The spectra of the kernels, in fp16, and the tables of the transform: what forward_fft_mma.cuh needs. The
// spectra themselves are computed in fp32.

#include "long_conv/fft_mma_entries.cuh"
#include "long_conv/fft_mma_scale.cuh"
#include "long_conv/spectrum.cuh"
#include "long_conv/transform.cuh"

namespace chela {

/// A block takes a channel.
template <class Config, class Arguments>
CHELA_DEVICE void long_conv_prepare_body(const Arguments& arguments) {
    constexpr int points = Config::points;
    using Of = Passes<Config::transform, points>;
    using Twiddles = ComputedTwiddles<TwiddleTable<Config::transform, points>>;
    static_assert(FftTables<Config>::words == Config::table_words);
    const int channel = static_cast<int>(block_index()), thread = thread_index();
    Complex* const row = reinterpret_cast<Complex*>(dynamic_shared());
    float* const largest_of_warps = reinterpret_cast<float*>(row + Of::row_pitch);

    FftEntries<Config>::write(reinterpret_cast<uint32*>(arguments.prepared));
    Complex value[points];
    coefficients<Config>(value, arguments, channel, Of::position(0, thread, 0),
                         [](int i) { return Of::position(0, 0, i); });
    Transform<points, Twiddles>(row, thread, {}).forward(value);

    float largest = 0.0f;
#pragma unroll
    for (int i = 0; i < points; ++i)
        largest = maximum(largest, maximum(absolute(value[i].re), absolute(value[i].im)));
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) largest = maximum(largest, shuffle_xor(largest, mask));
    if (lane() == 0) largest_of_warps[thread / 32] = largest;
    sync_threads();
    for (int warp = 0; warp < Of::threads / 32; ++warp) largest = maximum(largest, largest_of_warps[warp]);
    const PowerOfTwo scale(largest);
    // To their places in shared memory, where everyone has read its points, and from there in vectors.
    fp16* const staged = reinterpret_cast<fp16*>(row);
    const auto put = [&](int root, int part, float number) {
        staged[place_in_spectrum<Config>(root, part)] = from_float<fp16>(0.5f * scale.down() * number);
    };
#pragma unroll
    for (int i = 0; i < points; ++i) {
        const int root = reversed_bits(Of::position(Of::count - 1, thread, i), Of::bits);
        put(root, 0, value[i].re);
        put(root, 1, value[i].im);
    }
    sync_threads();
    Vector16* const spectrum = reinterpret_cast<Vector16*>(prepared_spectrum<Config>(arguments, channel));
    constexpr int vectors = Config::transform / 4; // of 4 values
#pragma unroll
    for (int i = thread; i < vectors; i += Of::threads)
        spectrum[i] = reinterpret_cast<const Vector16*>(staged)[i];
    if (thread == 0) *prepared_scale<Config>(arguments, channel) = 2.0f * scale.up();
}

} // namespace chela
