#pragma once
// Rows of a head's state, read once into registers and written once.

#include "prelude/packet.cuh"

namespace chela {

/// A thread's part of the state: Config::rows neighbouring rows of Config::vector neighbouring columns.
/// Rows beyond head_dim and columns beyond value_dim are zero and not in memory.
template <class Config>
class StateRows {
    using State = typename Config::State;
    using Piece = Packet<State, Config::vector>;

  public:
    /// Only asks for the memory: nothing waits for it before unpack(). What is outside reads what is inside
    /// instead, so that no branch separates the requests.
    CHELA_DEVICE void load(const State* state, long long row_stride, int first_row, int column) {
        const int column_inside = inside(0, column) ? column : 0;
#pragma unroll
        for (int row = 0; row < Config::rows; ++row) {
            const int row_inside = inside(first_row + row, 0) ? first_row + row : 0;
            piece_[row] = *reinterpret_cast<const Piece*>(state + row_inside * row_stride + column_inside);
        }
    }
    CHELA_DEVICE void unpack(float (&element)[Config::rows][Config::vector], int first_row,
                             int column) const {
#pragma unroll
        for (int row = 0; row < Config::rows; ++row)
#pragma unroll
            for (int i = 0; i < Config::vector; ++i)
                element[row][i] = inside(first_row + row, column) ? to_float(piece_[row].element[i]) : 0.0f;
    }
    /// Rounds to the type of the state.
    static CHELA_DEVICE void store(const float (&element)[Config::rows][Config::vector], State* state,
                                   long long row_stride, int first_row, int column) {
#pragma unroll
        for (int row = 0; row < Config::rows; ++row) {
            Piece piece;
#pragma unroll
            for (int i = 0; i < Config::vector; ++i) piece.element[i] = from_float<State>(element[row][i]);
            if (inside(first_row + row, column))
                *reinterpret_cast<Piece*>(state + (first_row + row) * row_stride + column) = piece;
        }
    }

  private:
    /// Known when it is compiled where the tiles hold nothing else.
    static CHELA_DEVICE bool inside(int row, int column) {
        return (Config::padded_rows == Config::head_dim || row < Config::head_dim) &&
               (Config::value_dim % Config::value_tile == 0 || column < Config::value_dim);
    }
    Piece piece_[Config::rows];
};

} // namespace chela
