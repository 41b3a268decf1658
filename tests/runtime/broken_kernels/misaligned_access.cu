// A vector access where only one float is aligned.
#include "prelude/cuda/thread.cuh"

namespace chela {

struct Arguments {
    const float* input;
    float* output;
    int length;
};

CHELA_DEVICE void copy_shifted(const Arguments& arguments) {
    const auto* const source = reinterpret_cast<const Vector16*>(arguments.input + 1);
    reinterpret_cast<Vector16*>(arguments.output)[thread_index()] = source[thread_index()];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(64)
    misaligned_access(const __grid_constant__ chela::Arguments arguments) {
    chela::copy_shifted(arguments);
}
