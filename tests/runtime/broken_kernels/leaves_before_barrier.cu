// Threads beyond the length return, the others wait for them.
#include "prelude/cuda/thread.cuh"

namespace chela {

struct Arguments {
    const float* input;
    float* output;
    int length;
};

CHELA_DEVICE void reverse(const Arguments& arguments) {
    float* const tile = reinterpret_cast<float*>(dynamic_shared());
    if (thread_index() >= arguments.length) return;
    tile[thread_index()] = arguments.input[thread_index()];
    sync_threads();
    arguments.output[thread_index()] = tile[arguments.length - 1 - thread_index()];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(64)
    leaves_before_barrier(const __grid_constant__ chela::Arguments arguments) {
    chela::reverse(arguments);
}
