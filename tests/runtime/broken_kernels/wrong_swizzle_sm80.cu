// One operand is stored with its 16-byte pieces xored by the row, and loaded as if it were not.
#include "prelude/cuda/matrix.cuh"
#include "prelude/cuda/thread.cuh"

namespace chela {

struct Arguments {
    const float* input; // A [16, 64] and B [8, 64], bf16
    float* output;      // [16, 8]
    int length;         // 1: the loads of B apply the swizzle, as they must
};

CHELA_DEVICE int place(int row, int piece, bool swizzled) {
    return row * 128 + (swizzled ? piece ^ row % 8 : piece) * 16;
}

CHELA_DEVICE void multiply(const Arguments& arguments) {
    unsigned char* const tile = dynamic_shared();
    const Vector16* const source = reinterpret_cast<const Vector16*>(arguments.input);
    for (int i = lane(); i < 24 * 8; i += 32)
        *reinterpret_cast<Vector16*>(tile + place(i / 8, i % 8, true)) = source[i];
    sync_warp();
    float d[4] = {};
    for (int step = 0; step < 4; ++step) {
        uint32 a[4], b[2];
        ldmatrix_x4(a, tile + place(lane() % 16, step * 2 + lane() / 16, true));
        ldmatrix_x2(b, tile + place(16 + lane() % 8, step * 2 + lane() / 8 % 2, arguments.length != 0));
        mma_m16n8k16<bf16>(d, a, b);
    }
    for (int i = 0; i < 4; ++i)
        arguments.output[(lane() / 4 + i / 2 * 8) * 8 + lane() % 4 * 2 + i % 2] = d[i];
}

} // namespace chela

extern "C" __global__ void __launch_bounds__(32)
    wrong_swizzle_sm80(const __grid_constant__ chela::Arguments arguments) {
    chela::multiply(arguments);
}
