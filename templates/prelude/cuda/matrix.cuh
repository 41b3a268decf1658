#pragma once
// Tensor cores of compute capability 8.0: one warp multiplies small matrices held in registers.
//
// With group = lane / 4 and member = lane % 4, the fragments of D += A·B are
//   D  16×8   d[0..1] row group, columns 2·member and +1;  d[2..3] row group + 8
//   A  16×16  a[0] row group, columns 2·member and +1; a[1] row + 8; a[2] columns + 8; a[3] both
//   B  16×8   b[0] rows 2·member and +1, column group; b[1] rows + 8
// and for tf32 (one value a register)
//   A  16×8   a[0] row group, column member; a[1] row + 8; a[2] column + 4; a[3] both
//   B  8×8    b[0] row member, column group; b[1] row + 4

#include "prelude/cuda/types.cuh"

namespace chela {

/// Loads N 8×8 matrices of 16-bit elements. Lanes 8i..8i+7 give the addresses of the rows of matrix i (16
/// bytes each, aligned); r[i] receives row lane / 4, columns 2·(lane % 4) and the next.
CHELA_DEVICE void ldmatrix_x4(uint32 (&r)[4], const void* row_address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row_address))
                 : "memory");
}
CHELA_DEVICE void ldmatrix_x2(uint32 (&r)[2], const void* row_address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row_address))
                 : "memory");
}
/// The same, each matrix transposed on the way: r[i] receives rows 2·(lane % 4) and the next, column lane
/// / 4.
CHELA_DEVICE void ldmatrix_x4_transposed(uint32 (&r)[4], const void* row_address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row_address))
                 : "memory");
}
CHELA_DEVICE void ldmatrix_x2_transposed(uint32 (&r)[2], const void* row_address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row_address))
                 : "memory");
}

#if __CUDA_ARCH__ >= 900
/// The inverse of ldmatrix: registers to the rows of N 8×8 matrices.
CHELA_DEVICE void stmatrix_x4(const uint32 (&r)[4], void* row_address) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%4], {%0, %1, %2, %3};" ::"r"(r[0]), "r"(r[1]),
                 "r"(r[2]), "r"(r[3]), "r"(shared_address(row_address))
                 : "memory");
}
CHELA_DEVICE void stmatrix_x2(const uint32 (&r)[2], void* row_address) {
    asm volatile("stmatrix.sync.aligned.m8n8.x2.shared.b16 [%2], {%0, %1};" ::"r"(r[0]), "r"(r[1]),
                 "r"(shared_address(row_address))
                 : "memory");
}
CHELA_DEVICE void stmatrix_x4_transposed(const uint32 (&r)[4], void* row_address) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%4], {%0, %1, %2, %3};" ::"r"(r[0]),
                 "r"(r[1]), "r"(r[2]), "r"(r[3]), "r"(shared_address(row_address))
                 : "memory");
}
CHELA_DEVICE void stmatrix_x2_transposed(const uint32 (&r)[2], void* row_address) {
    asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%2], {%0, %1};" ::"r"(r[0]), "r"(r[1]),
                 "r"(shared_address(row_address))
                 : "memory");
}
#endif

/// Transposes an 8×8 tile of 16-bit elements between the lanes of a warp: lane 4r + c holds columns 2c, 2c +
/// 1 of row r before, and rows 2c, 2c + 1 of column r after.
CHELA_DEVICE uint32 movmatrix_transposed(uint32 pair) {
    uint32 result;
    asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(result) : "r"(pair));
    return result;
}

/// d += a·b, accumulated in fp32.
template <class T>
CHELA_DEVICE void mma_m16n8k16(float (&d)[4], const uint32 (&a)[4], const uint32 (&b)[2]);
template <>
CHELA_DEVICE void mma_m16n8k16<bf16>(float (&d)[4], const uint32 (&a)[4], const uint32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
template <>
CHELA_DEVICE void mma_m16n8k16<fp16>(float (&d)[4], const uint32 (&a)[4], const uint32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Half the depth: a holds columns 0..7 (a[0], a[1] as above), b rows 0..7.
template <class T>
CHELA_DEVICE void mma_m16n8k8(float (&d)[4], const uint32 (&a)[2], const uint32 (&b)[1]);
template <>
CHELA_DEVICE void mma_m16n8k8<bf16>(float (&d)[4], const uint32 (&a)[2], const uint32 (&b)[1]) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(b[0]));
}
template <>
CHELA_DEVICE void mma_m16n8k8<fp16>(float (&d)[4], const uint32 (&a)[2], const uint32 (&b)[1]) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(b[0]));
}

/// Operands made by to_tf32(); the low 13 bits of a register are ignored.
CHELA_DEVICE void mma_m16n8k8_tf32(float (&d)[4], const uint32 (&a)[4], const uint32 (&b)[2]) {
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Half of what one lane holds of a 16×8 accumulator lies in even columns, half in odd ones. These move it
/// from and to fp32 in global memory, transposed: `even` and `odd` point at d[0] and d[1], each 8 elements
/// before d[2] and d[3]. Of the columns from d[0]'s on, `columns` are there, of the rows `rows`; what is not
/// becomes zero, or is not written. Four instructions in one statement, because NVRTC spends most of a
/// kernel's compile time on its memory accesses, one by one.
CHELA_DEVICE void load_accumulator(float (&d)[4], const float* even, const float* odd, int columns,
                                   int rows) {
    asm volatile("{\n"
                 ".reg .pred p0, p1, p2, p3;\n"
                 "setp.gt.s32 p0, %6, 0;\n"
                 "setp.gt.s32 p1, %6, 1;\n"
                 "setp.gt.and.s32 p2, %7, 8, p0;\n"
                 "setp.gt.and.s32 p3, %7, 8, p1;\n"
                 "setp.gt.and.s32 p0, %7, 0, p0;\n"
                 "setp.gt.and.s32 p1, %7, 0, p1;\n"
                 "mov.b32 %0, 0;\n"
                 "mov.b32 %1, 0;\n"
                 "mov.b32 %2, 0;\n"
                 "mov.b32 %3, 0;\n"
                 "@p0 ld.global.f32 %0, [%4];\n"
                 "@p1 ld.global.f32 %1, [%5];\n"
                 "@p2 ld.global.f32 %2, [%4+32];\n"
                 "@p3 ld.global.f32 %3, [%5+32];\n"
                 "}"
                 : "=&f"(d[0]), "=&f"(d[1]), "=&f"(d[2]), "=&f"(d[3])
                 : "l"(even), "l"(odd), "r"(columns), "r"(rows)
                 : "memory");
}
CHELA_DEVICE void store_accumulator(const float (&d)[4], float* even, float* odd, int columns, int rows) {
    asm volatile("{\n"
                 ".reg .pred p0, p1, p2, p3;\n"
                 "setp.gt.s32 p0, %6, 0;\n"
                 "setp.gt.s32 p1, %6, 1;\n"
                 "setp.gt.and.s32 p2, %7, 8, p0;\n"
                 "setp.gt.and.s32 p3, %7, 8, p1;\n"
                 "setp.gt.and.s32 p0, %7, 0, p0;\n"
                 "setp.gt.and.s32 p1, %7, 0, p1;\n"
                 "@p0 st.global.f32 [%4], %0;\n"
                 "@p1 st.global.f32 [%5], %1;\n"
                 "@p2 st.global.f32 [%4+32], %2;\n"
                 "@p3 st.global.f32 [%5+32], %3;\n"
                 "}" ::"f"(d[0]),
                 "f"(d[1]), "f"(d[2]), "f"(d[3]), "l"(even), "l"(odd), "r"(columns), "r"(rows)
                 : "memory");
}

} // namespace chela
