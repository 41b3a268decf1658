// Each thread reads what its neighbour in the other warp wrote, without a barrier between.
#include "prelude/cuda/thread.cuh"

namespace chela {

struct Arguments {
    const float* input;
    float* output;
    int length;
};

CHELA_DEVICE void reverse(const Arguments& arguments) {
    float* const tile = reinterpret_cast<float*>(dynamic_shared());
    tile[thread_index()] = arguments.input[thread_index()];
    // sync_threads() is missing.
    arguments.output[thread_index()] = tile[block_threads() - 1 - thread_index()];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(64)
    missing_sync_threads(const __grid_constant__ chela::Arguments arguments) {
    chela::reverse(arguments);
}
