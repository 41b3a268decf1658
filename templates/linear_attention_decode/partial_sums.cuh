#pragma once
// Sums over the rows of a state that the threads of a block share: in a warp by shuffles, over the warps in
// shared memory.

#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/types.cuh"

namespace chela {

/// One column per value of the tile and, with a normaliser, a last one for φ(q)·z.
template <class Config>
struct PartialSums {
    static constexpr int lanes = Config::threads_per_row < 32 ? Config::threads_per_row : 32;
    static constexpr int threads_per_part = Config::threads_per_row < 32 ? 32 : Config::threads_per_row;
    static constexpr int parts = Config::threads / threads_per_part;
    static constexpr int columns = Config::value_tile + (Config::normalize ? 1 : 0);
    float part[parts][columns];

    /// The sums of a thread's rows, for its Config::vector columns from `column` on.
    CHELA_DEVICE void add(const float (&sum)[Config::vector], int column) {
#pragma unroll
        for (int i = 0; i < Config::vector; ++i) add(sum[i], column + i, true);
    }
    //@if normalize
    /// The sum of a thread's rows of φ(q)·z, which all threads of these rows have.
    CHELA_DEVICE void add_normalizer(float sum) {
        add(sum, Config::value_tile, thread_index() % Config::threads_per_row == 0);
    }
    //@end
    /// After a barrier.
    CHELA_DEVICE float total(int column) const {
        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < parts; ++i) sum += part[i][column];
        return sum;
    }

  private:
    CHELA_DEVICE void add(float sum, int column, bool writes) {
#pragma unroll
        for (int distance = lanes; distance < 32; distance *= 2) sum += shuffle_xor(sum, distance);
        if (writes && lane() < lanes) part[thread_index() / threads_per_part][column] = sum;
    }
};

} // namespace chela
