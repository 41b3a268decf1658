#pragma once
// Forward and backward transforms of one sequence by its threads (see passes.cuh).

#include "long_conv/passes.cuh"

namespace chela {

/// Twiddles from the table that the launch before wrote.
template <class Of>
class StoredTwiddles {
    const Complex* table_;

  public:
    using Table = Of;
    CHELA_DEVICE explicit StoredTwiddles(const Complex* table) : table_(table) {}
    CHELA_DEVICE Complex forward(int pass, int level, int polynomial) const {
        return table_[Table::forward(pass, level) + polynomial];
    }
    CHELA_DEVICE Complex backward(int pass, int level, int position) const {
        return table_[Table::backward(pass, level) + position];
    }
    CHELA_DEVICE Complex ending(int position) const { return table_[Table::ending + position]; }
};

/// Twiddles computed as they are needed.
template <class Of>
struct ComputedTwiddles {
    using Table = Of;
    CHELA_DEVICE Complex forward(int pass, int level, int polynomial) const {
        return Table::computed_forward(pass, level, polynomial);
    }
};

/// One thread's part. `row` is the sequence's row of shared memory: Passes::row_pitch numbers, `stride`
/// apart, that no other sequence uses. `thread` counts within the sequence. Of a part of a larger transform,
/// `outer` is the polynomial that it is the transform of, or the position that it begins at. All threads of
/// the block call together.
template <int points, class Twiddles, int stride = 1>
class Transform {
    using Table = typename Twiddles::Table;
    using Of = typename Table::Of;
    static constexpr int last = Of::count - 1;

  public:
    CHELA_DEVICE Transform(Complex* row, int thread, Twiddles twiddles, int outer = 0)
        : row_(row), thread_(thread), outer_(outer), twiddles_(twiddles) {}

    /// A barrier for the threads of the sequence.
    CHELA_DEVICE void meet() const {
        if constexpr (Of::threads * stride <= 32)
            sync_warp();
        else
            sync_threads();
    }

    /// From the points position(0, thread, i) to the values position(last pass, thread, i).
    CHELA_DEVICE void forward(Complex (&value)[points]) const {
        unrolled<Of::count>([&](auto index) {
            constexpr int pass = index.value, levels = Of::levels(pass);
            if constexpr (pass < Table::forward_from) {
                unrolled<levels>([&](auto level) { Level<points, level.value, false>::apply(value); });
            } else {
                constexpr int own = Of::threads >> Of::low(pass);
                const int polynomial =
                    (Table::polynomials(pass) > own ? outer_ * own : 0) + (thread_ >> Of::low(pass));
                // Twiddles are on their way while the points are in no register.
                if constexpr (pass > 0) write<pass - 1>(value);
                Complex twiddle[levels];
                unrolled<levels>([&](auto level) {
                    twiddle[level.value] = twiddles_.forward(pass, level.value, polynomial);
                });
                if constexpr (pass > 0) read<pass>(value);
                unrolled<levels>([&](auto level) {
                    Level<points, level.value, false>::apply(value, twiddle[level.value]);
                });
            }
        });
    }

    /// Back to the points position(0, thread, i), times `transform` and exp(i pi position / (2 transform)).
    CHELA_DEVICE void backward(Complex (&value)[points]) const {
        unrolled<Of::count>([&](auto index) {
            constexpr int pass = last - index.value, levels = Of::levels(pass),
                          first_level = Of::point_bits - levels;
            if constexpr (pass >= Table::backward_to) {
                unrolled<levels>(
                    [&](auto level) { Level<points, first_level + level.value, true>::apply(value); });
            } else {
                const int position = position_of(thread_ & ((1 << Of::low(pass)) - 1));
                if constexpr (pass < last) write<pass + 1>(value);
                Complex twiddle[levels];
                unrolled<levels>([&](auto level) {
                    twiddle[level.value] = twiddles_.backward(pass, level.value, position);
                });
                if constexpr (pass < last) read<pass>(value);
                unrolled<levels>([&](auto level) {
                    Level<points, first_level + level.value, true>::apply(value, twiddle[level.value]);
                });
            }
        });
    }

    /// The parts of backward()'s values that are the convolution.
    CHELA_DEVICE void real_parts(float (&result)[points], const Complex (&value)[points]) const {
        const Complex ending = twiddles_.ending(position_of(thread_));
        unrolled<points>([&](auto point) {
            constexpr int i = point.value, numerator = -32 * i / points;
            const Complex factor = multiply(ending, {Root<numerator>::re, Root<numerator>::im});
            result[i] = fused_multiply_add(-factor.im, value[i].im, factor.re * value[i].re);
        });
    }

  private:
    /// In the larger transform.
    CHELA_DEVICE int position_of(int own) const {
        constexpr int step = Table::positions(0) >> Of::low(0);
        return step > 1 ? own * step + outer_ : own;
    }

    /// To shared memory as a pass held them: where only this thread read before, so that one barrier is
    /// enough.
    template <int pass>
    CHELA_DEVICE void write(const Complex (&value)[points]) const {
        Complex* const to = row_ + stride * Of::place(Of::position(pass, thread_, 0));
        unrolled<points>([&](auto point) {
            to[stride * Of::place(Of::position(pass, 0, point.value))] = value[point.value];
        });
    }
    /// As another pass holds them, once all threads have written.
    template <int pass>
    CHELA_DEVICE void read(Complex (&value)[points]) const {
        meet();
        const Complex* const from = row_ + stride * Of::place(Of::position(pass, thread_, 0));
        unrolled<points>([&](auto point) {
            value[point.value] = from[stride * Of::place(Of::position(pass, 0, point.value))];
        });
    }

    Complex* const row_;
    const int thread_, outer_;
    const Twiddles twiddles_;
};

} // namespace chela
