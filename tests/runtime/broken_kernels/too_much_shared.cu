// Fits in the dynamic shared memory that it is launched with, but not in that of any GPU, or (launched with less)
// reads beyond it.
#include "prelude/cuda/thread.cuh"

namespace chela {

struct Arguments {
    const float* input;
    float* output;
    int length;
};

CHELA_DEVICE void use_far_memory(const Arguments& arguments) {
    float* const tile = reinterpret_cast<float*>(dynamic_shared());
    tile[arguments.length + thread_index()] = arguments.input[thread_index()];
    sync_threads();
    arguments.output[thread_index()] = tile[arguments.length + thread_index()];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(64)
    too_much_shared(const __grid_constant__ chela::Arguments arguments) {
    chela::use_far_memory(arguments);
}
