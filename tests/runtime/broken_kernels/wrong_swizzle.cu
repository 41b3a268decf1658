// TMA writes both operands with the swizzle of their tensor map; the descriptor of B names another one.
#include "prelude/cuda/barrier.cuh"
#include "prelude/cuda/thread.cuh"
#include "prelude/cuda/tma.cuh"
#include "prelude/cuda/wgmma.cuh"

namespace chela {

struct Arguments {
    TensorMap a, b; // bf16 [64, 64] and [64, 64], boxes of 64 × 64, swizzle of 128 bytes
    float* output;  // [64, 64]
};

CHELA_DEVICE void multiply(const Arguments& arguments) {
    unsigned char* const a = dynamic_shared();
    unsigned char* const b = a + 8192;
    Barrier* const full = reinterpret_cast<Barrier*>(b + 8192);
    if (thread_index() == 0) {
        barrier_init(full, 1);
        fence_barrier_init();
        barrier_arrive_expect(full, 16384);
        tma_load(a, &arguments.a, full, 0, 0);
        tma_load(b, &arguments.b, full, 0, 0);
    }
    sync_threads();
    barrier_wait(full, 0);
    float d[32] = {};
    const uint64 left = wgmma_descriptor<Swizzle::bytes128>(a, 16, 1024);
    const uint64 right = wgmma_descriptor<Swizzle::bytes64>(b, 16, 1024);
    wgmma_fence();
    for (int step = 0; step < 4; ++step)
        wgmma<64, bf16>(d, wgmma_advance(left, step * 32), wgmma_advance(right, step * 32));
    wgmma_commit();
    wgmma_wait<0>();
    for (int i = 0; i < 32; ++i) arguments.output[thread_index() * 32 + i] = d[i];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(128) wrong_swizzle(const __grid_constant__ chela::Arguments arguments) {
    chela::multiply(arguments);
}
