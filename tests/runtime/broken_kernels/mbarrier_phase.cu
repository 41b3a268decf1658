// A ring of one stage: the consumer waits for the parity of the next phase and reads before the data is there.
#include "prelude/cuda/barrier.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/tma.cuh"

namespace chela {

struct Arguments {
    const float* input;
    float* output;
    int length; // parity that the consumers wait for: 0 is right
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
        barrier_arrive_expect(full, 256);
        bulk_load(tile, arguments.input, 256, full);
    }
    barrier_wait(full, static_cast<uint32>(arguments.length));
    arguments.output[thread_index()] = tile[thread_index()];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(64) mbarrier_phase(const __grid_constant__ chela::Arguments arguments) {
    chela::load_once(arguments);
}
