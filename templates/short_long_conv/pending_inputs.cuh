#pragma once
// What the long convolution of a short-long one is of, piece by piece from a row of x: takes the place of
// long_conv/pending_inputs.cuh. What a thread reads of its neighbours' pieces comes from the first-level
// cache.

#include "long_conv/pieces.cuh"
#include "short_long_conv/short_run.cuh"

namespace chela {

/// A piece of neighbouring inputs: nothing waits for x before take().
template <class Config>
class PendingInputs {
    using Inputs = Piece<typename Config::Element, Config::packet>;
    static constexpr int packet = Config::packet, kept = Config::width - 1,
                         before = (kept + packet - 1) / packet; // pieces

  public:
    static constexpr int pieces = before + 1;

    /// `whole` where all of them are known to be in the sequence.
    template <bool whole = false, class Arguments>
    CHELA_DEVICE void ask(const Arguments& arguments, int batch, int channel, int token) {
        there_ = whole ? packet : token >= 0 ? arguments.length - token : 0;
#pragma unroll
        for (int i = 0; i < before; ++i)
            x_[i] = piece_of_x<Config>(arguments, true, batch, channel, token + (i - before) * packet);
        x_[before] = whole ? load_piece<packet, Config::aligned>(arguments.x + batch * arguments.x_stride[0] +
                                                                     channel * arguments.x_stride[1] + token,
                                                                 packet)
                           : piece_of_x<Config>(arguments, true, batch, channel, token);
    }

    /// act(short convolution of x), rounded as in memory; zeros outside of the sequence.
    template <class Arguments>
    CHELA_DEVICE Inputs take(const Arguments& arguments, int channel) const {
        float value[packet];
        short_run<Config>(value, Taps<Config>(arguments, channel), [this](int i) {
            const int at = before * packet - kept + i;
            return x_[at / packet].value(at % packet);
        });
        if (there_ < packet)
#pragma unroll
            for (int i = 0; i < packet; ++i)
                if (i >= there_) value[i] = 0.0f;
        return Inputs(value);
    }

  private:
    int there_; ///< how many of them are in the sequence, or more
    Inputs x_[pieces];
};

} // namespace chela
