#pragma once
// Matrix instructions of a warp: the emulated twin of prelude/cuda/matrix.cuh, which says how fragments lie.

#include "prelude/emulator/types.cuh"

namespace chela {

CHELA_DEVICE void ldmatrix_x4(uint32 (&r)[4], const void* row_address) {
    chela_emulator_ldmatrix(r, 4, false, row_address, chela_emulator_site());
}
CHELA_DEVICE void ldmatrix_x2(uint32 (&r)[2], const void* row_address) {
    chela_emulator_ldmatrix(r, 2, false, row_address, chela_emulator_site());
}
CHELA_DEVICE void ldmatrix_x4_transposed(uint32 (&r)[4], const void* row_address) {
    chela_emulator_ldmatrix(r, 4, true, row_address, chela_emulator_site());
}
CHELA_DEVICE void ldmatrix_x2_transposed(uint32 (&r)[2], const void* row_address) {
    chela_emulator_ldmatrix(r, 2, true, row_address, chela_emulator_site());
}

#if __CUDA_ARCH__ >= 900
CHELA_DEVICE void stmatrix_x4(const uint32 (&r)[4], void* row_address) {
    chela_emulator_stmatrix(r, 4, false, row_address, chela_emulator_site());
}
CHELA_DEVICE void stmatrix_x2(const uint32 (&r)[2], void* row_address) {
    chela_emulator_stmatrix(r, 2, false, row_address, chela_emulator_site());
}
CHELA_DEVICE void stmatrix_x4_transposed(const uint32 (&r)[4], void* row_address) {
    chela_emulator_stmatrix(r, 4, true, row_address, chela_emulator_site());
}
CHELA_DEVICE void stmatrix_x2_transposed(const uint32 (&r)[2], void* row_address) {
    chela_emulator_stmatrix(r, 2, true, row_address, chela_emulator_site());
}
#endif

CHELA_DEVICE uint32 movmatrix_transposed(uint32 pair) {
    return chela_emulator_movmatrix(pair, chela_emulator_site());
}

/// Numbers of the operand types in calls of the engine.
template <class T>
struct OperandType;
template <>
struct OperandType<bf16> {
    enum { number = 0 };
};
template <>
struct OperandType<fp16> {
    enum { number = 1 };
};

template <class T>
CHELA_DEVICE void mma_m16n8k16(float (&d)[4], const uint32 (&a)[4], const uint32 (&b)[2]) {
    chela_emulator_mma(d, a, b, OperandType<T>::number, 16, chela_emulator_site());
}
template <class T>
CHELA_DEVICE void mma_m16n8k8(float (&d)[4], const uint32 (&a)[2], const uint32 (&b)[1]) {
    chela_emulator_mma(d, a, b, OperandType<T>::number, 8, chela_emulator_site());
}
CHELA_DEVICE void mma_m16n8k8_tf32(float (&d)[4], const uint32 (&a)[4], const uint32 (&b)[2]) {
    chela_emulator_mma(d, a, b, 2, 8, chela_emulator_site());
}

CHELA_DEVICE void load_accumulator(float (&d)[4], const float* even, const float* odd, int columns,
                                   int rows) {
    for (int i = 0; i < 4; ++i)
        d[i] = i % 2 < columns && i / 2 * 8 < rows ? (i % 2 ? odd : even)[i / 2 * 8] : 0.0f;
}
CHELA_DEVICE void store_accumulator(const float (&d)[4], float* even, float* odd, int columns, int rows) {
    for (int i = 0; i < 4; ++i)
        if (i % 2 < columns && i / 2 * 8 < rows) (i % 2 ? odd : even)[i / 2 * 8] = d[i];
}

} // namespace chela
