// Double use of one buffer: the barrier before the second round of writes is missing. The order in which a GPU,
// or the emulator, happens to run the warps may hide it.
#include "prelude/cuda/thread.cuh"

namespace chela {

struct Arguments {
    const float* input;
    float* output;
    int length;
};

CHELA_DEVICE void sum_rounds(const Arguments& arguments) {
    float* const tile = reinterpret_cast<float*>(dynamic_shared());
    float sum = 0.0f;
    for (int round = 0; round < 2; ++round) {
        tile[thread_index()] = arguments.input[round * block_threads() + thread_index()];
        sync_threads();
        sum += tile[block_threads() - 1 - thread_index()];
        // sync_threads() is missing.
    }
    arguments.output[thread_index()] = sum;
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(64) shared_race(const __grid_constant__ chela::Arguments arguments) {
    chela::sum_rounds(arguments);
}
