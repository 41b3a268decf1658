// The copy is committed and never awaited: the barrier alone does not make it land.
#include "prelude/cuda/copy.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

struct Arguments {
    const float* input;
    float* output;
    int length;
};

CHELA_DEVICE void copy_through_shared(const Arguments& arguments) {
    float* const tile = reinterpret_cast<float*>(dynamic_shared());
    cp_async<4>(tile + thread_index(), arguments.input + thread_index());
    cp_async_commit();
    // cp_async_wait<0>() is missing.
    sync_threads();
    arguments.output[thread_index()] = tile[thread_index()];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(64)
    missing_copy_wait(const __grid_constant__ chela::Arguments arguments) {
    chela::copy_through_shared(arguments);
}
