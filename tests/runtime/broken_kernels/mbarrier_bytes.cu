// The barrier is told of fewer arrivals than will ever come, or of more bytes.
#include "prelude/cuda/barrier.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/tma.cuh"

namespace chela {

struct Arguments {
    const float* input;
    float* output;
    int length; // bytes that the barrier is told of: 256 is right
};

CHELA_DEVICE void load_once(const Arguments& arguments) {
    float* const tile = reinterpret_cast<float*>(dynamic_shared());
    Barrier* const full = reinterpret_cast<Barrier*>(dynamic_shared() + 1024);
    if (thread_index() == 0) {
        barrier_init(full, 1);
        fence_barrier_init();
    }
    sync_threads();
    if (thread_index() == 0) {
        barrier_arrive_expect(full, arguments.length);
        bulk_load(tile, arguments.input, 256, full);
    }
    barrier_wait(full, 0);
    arguments.output[thread_index()] = tile[thread_index()];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(64) mbarrier_bytes(const __grid_constant__ chela::Arguments arguments) {
    chela::load_once(arguments);
}
