// The two warps wait at different barriers, each for the other.
#include "prelude/cuda/thread.cuh"

namespace chela {

struct Arguments {
    const float* input;
    float* output;
    int length;
};

CHELA_DEVICE void wait_apart(const Arguments& arguments) {
    if (warp_index() == 0)
        named_barrier_sync(1, 64);
    else
        named_barrier_sync(2, 64);
    arguments.output[thread_index()] = arguments.input[thread_index()];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(64)
    divergent_barriers(const __grid_constant__ chela::Arguments arguments) {
    chela::wait_apart(arguments);
}
