#pragma once
// What a long convolution is of, piece by piece from a row. A family that is made of one has other such
// inputs for rows of x (templates/short_long_conv/pending_inputs.cuh).

#include "long_conv/input.cuh"
#include "long_conv/partial_pieces.cuh"

namespace chela {

/// A piece of neighbouring inputs, zeros outside of the sequence: nothing waits for them before take().
template <class Config>
class PendingInputs {
    using Inputs = Piece<typename Config::Element, Config::row_packet>;

  public:
    static constexpr int pieces = 1;

    /// `whole` where all of them are known to be in the sequence.
    template <bool whole = false, class Arguments>
    CHELA_DEVICE void ask(const Arguments& arguments, int batch, int channel, int token) {
        x_ = load_piece<Config::row_packet, Config::rows_aligned>(
            input_row<Config>(arguments, batch, channel).from(token).at_token, whole ? Config::row_packet
                                                                               : token >= 0
                                                                                   ? arguments.length - token
                                                                                   : 0);
    }

    template <class Arguments>
    CHELA_DEVICE Inputs take(const Arguments&, int) const {
        return x_;
    }

  private:
    Inputs x_;
};

} // namespace chela
