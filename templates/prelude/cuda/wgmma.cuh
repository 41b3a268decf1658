#pragma once
// Tensor cores of sm_90a: the four warps of a warpgroup multiply 64×K by K×N straight from shared memory.
//
// D[64, N] += A[64, K]·B[K, N], K = 16 for bf16 and fp16, 8 for tf32. Warp w of the group holds rows
// 16w..16w+15:
//   d[4j + 0..1]  row lane / 4,      columns 8j + 2·(lane % 4) and +1
//   d[4j + 2..3]  row lane / 4 + 8,  the same columns
// A from registers is the A fragment of mma_m16n8k16 (of mma_m16n8k8_tf32) of the warp's sixteen rows.

#include "prelude/cuda/types.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
namespace chela {

/// How an operand is permuted in shared memory: 16-byte pieces xored with the row, in rows of so many bytes.
enum class Swizzle { none = 0, bytes128 = 1, bytes64 = 2, bytes32 = 3 };
/// Which dimension of an operand is contiguous: K, or M (of A) or N (of B). Only k for tf32.
enum class Major { k = 0, mn = 1 };

/// Where an operand lies. It is made of core matrices: 8 rows of 16 bytes, without swizzle 128 bytes in one
/// piece.
///   K-major:   `stride_bytes` from eight rows to the next eight; `leading_bytes` between the two core
///   matrices
///              along K without swizzle, ignored with (a row of the swizzle holds both).
///   MN-major:  rows run along M or N. `leading_bytes` from one swizzle-wide run along M or N to the next,
///              `stride_bytes` between eights along K; without swizzle the two change places.
template <Swizzle swizzle>
CHELA_DEVICE uint64 wgmma_descriptor(const void* shared, int leading_bytes, int stride_bytes) {
    return static_cast<uint64>((shared_address(shared) & 0x3ffffu) >> 4) |
           static_cast<uint64>((static_cast<uint32>(leading_bytes) & 0x3ffffu) >> 4) << 16 |
           static_cast<uint64>((static_cast<uint32>(stride_bytes) & 0x3ffffu) >> 4) << 32 |
           static_cast<uint64>(swizzle) << 62;
}
/// The same operand `bytes` further on (a step along K inside a swizzled row, another tile).
CHELA_DEVICE uint64 wgmma_advance(uint64 descriptor, int bytes) {
    return descriptor + static_cast<uint64>(static_cast<uint32>(bytes) >> 4);
}

/// Before the first wgmma, and whenever registers of an operand were written since.
CHELA_DEVICE void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
CHELA_DEVICE void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
/// Waits until at most `groups_left` groups are unfinished. Accumulators must not be touched before.
template <int groups_left>
CHELA_DEVICE void wgmma_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(groups_left) : "memory");
}

/// Keeps the compiler from moving accesses of accumulators across this point: it does not know which
/// registers a wait is for. Costs no instruction.
template <int n>
CHELA_DEVICE void wgmma_pin(float (&d)[n]) {
#pragma unroll
    for (int i = 0; i < n; ++i) asm volatile("" : "+f"(d[i])::"memory");
}

template <int n, class T>
struct WgmmaInstruction;

// Lists of operands: registers as PTX numbers them, accumulators as asm outputs.
#define CHELA_R4 "%0, %1, %2, %3"
#define CHELA_R8 CHELA_R4 ", %4, %5, %6, %7"
#define CHELA_R16 CHELA_R8 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define CHELA_R32 CHELA_R16 ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define CHELA_R48 CHELA_R32 ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
#define CHELA_R64 CHELA_R48 ", %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define CHELA_R80 CHELA_R64 ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79"
#define CHELA_R96 CHELA_R80 ", %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define CHELA_R112                                                                                           \
    CHELA_R96 ", %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111"
#define CHELA_R128                                                                                           \
    CHELA_R112                                                                                               \
    ", %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define CHELA_D4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define CHELA_D8(i) CHELA_D4(i), CHELA_D4(i + 4)
#define CHELA_D16(i) CHELA_D8(i), CHELA_D8(i + 8)
#define CHELA_D32(i) CHELA_D16(i), CHELA_D16(i + 16)
#define CHELA_D48(i) CHELA_D32(i), CHELA_D16(i + 32)
#define CHELA_D64(i) CHELA_D32(i), CHELA_D32(i + 32)
#define CHELA_D80(i) CHELA_D64(i), CHELA_D16(i + 64)
#define CHELA_D96(i) CHELA_D64(i), CHELA_D32(i + 64)
#define CHELA_D112(i) CHELA_D96(i), CHELA_D16(i + 96)
#define CHELA_D128(i) CHELA_D64(i), CHELA_D64(i + 64)

// One instruction: operands numbered p0, p1… follow the accumulators. `accumulate` is the scale-d predicate.
#define CHELA_WGMMA_16BIT(n, count, T, name, p0, p1, p2, p3, p4, p5, p6)                                     \
    template <>                                                                                              \
    struct WgmmaInstruction<n, T> {                                                                          \
        template <Major a_major, Major b_major>                                                              \
        static __device__ __forceinline__ void run(float (&d)[n / 2], uint64 a, uint64 b, int accumulate) {  \
            asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.b32 p, " p2 ", 0;\n\t"                               \
                         "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32." name "." name " {" CHELA_R##count \
                         "}, " p0 ", " p1 ", p, 1, 1, " p3 ", " p4 ";\n\t}"                                  \
                         : CHELA_D##count(0)                                                                 \
                         : "l"(a), "l"(b), "r"(accumulate), "n"(static_cast<int>(a_major)),                  \
                           "n"(static_cast<int>(b_major)));                                                  \
        }                                                                                                    \
        template <Major b_major>                                                                             \
        static __device__ __forceinline__ void run(float (&d)[n / 2], const uint32 (&a)[4], uint64 b,        \
                                                   int accumulate) {                                         \
            asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.b32 p, " p5 ", 0;\n\t"                               \
                         "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32." name "." name " {" CHELA_R##count \
                         "}, {" p0 ", " p1 ", " p2 ", " p3 "}, " p4 ", p, 1, 1, " p6 ";\n\t}"                \
                         : CHELA_D##count(0)                                                                 \
                         : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate),              \
                           "n"(static_cast<int>(b_major)));                                                  \
        }                                                                                                    \
    };
#define CHELA_WGMMA_TF32(n, count, p0, p1, p2, p3, p4, p5)                                                   \
    template <>                                                                                              \
    struct WgmmaInstruction<n, tf32> {                                                                       \
        template <Major, Major>                                                                              \
        static __device__ __forceinline__ void run(float (&d)[n / 2], uint64 a, uint64 b, int accumulate) {  \
            asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.b32 p, " p2 ", 0;\n\t"                               \
                         "wgmma.mma_async.sync.aligned.m64n" #n "k8.f32.tf32.tf32 {" CHELA_R##count          \
                         "}, " p0 ", " p1 ", p, 1, 1;\n\t}"                                                  \
                         : CHELA_D##count(0)                                                                 \
                         : "l"(a), "l"(b), "r"(accumulate));                                                 \
        }                                                                                                    \
        template <Major>                                                                                     \
        static __device__ __forceinline__ void run(float (&d)[n / 2], const uint32 (&a)[4], uint64 b,        \
                                                   int accumulate) {                                         \
            asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.b32 p, " p5 ", 0;\n\t"                               \
                         "wgmma.mma_async.sync.aligned.m64n" #n "k8.f32.tf32.tf32 {" CHELA_R##count          \
                         "}, {" p0 ", " p1 ", " p2 ", " p3 "}, " p4 ", p, 1, 1;\n\t}"                        \
                         : CHELA_D##count(0)                                                                 \
                         : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));             \
        }                                                                                                    \
    };
#define CHELA_WGMMA(n, count, p0, p1, p2, p3, p4, p5, p6)                                                    \
    CHELA_WGMMA_16BIT(n, count, bf16, "bf16", p0, p1, p2, p3, p4, p5, p6)                                    \
    CHELA_WGMMA_16BIT(n, count, fp16, "f16", p0, p1, p2, p3, p4, p5, p6)                                     \
    CHELA_WGMMA_TF32(n, count, p0, p1, p2, p3, p4, p5)
CHELA_WGMMA(8, 4, "%4", "%5", "%6", "%7", "%8", "%9", "%10")
CHELA_WGMMA(16, 8, "%8", "%9", "%10", "%11", "%12", "%13", "%14")
CHELA_WGMMA(32, 16, "%16", "%17", "%18", "%19", "%20", "%21", "%22")
CHELA_WGMMA(64, 32, "%32", "%33", "%34", "%35", "%36", "%37", "%38")
CHELA_WGMMA(96, 48, "%48", "%49", "%50", "%51", "%52", "%53", "%54")
CHELA_WGMMA(128, 64, "%64", "%65", "%66", "%67", "%68", "%69", "%70")
CHELA_WGMMA(160, 80, "%80", "%81", "%82", "%83", "%84", "%85", "%86")
CHELA_WGMMA(192, 96, "%96", "%97", "%98", "%99", "%100", "%101", "%102")
CHELA_WGMMA(224, 112, "%112", "%113", "%114", "%115", "%116", "%117", "%118")
CHELA_WGMMA(256, 128, "%128", "%129", "%130", "%131", "%132", "%133", "%134")
#undef CHELA_WGMMA
#undef CHELA_WGMMA_TF32
#undef CHELA_WGMMA_16BIT

/// d = a·b, plus d where `accumulate`; both operands in shared memory. n is 8, 16, 32, 64, 96, 128, 160, 192,
/// 224 or 256; T is bf16, fp16 or tf32. Runs asynchronously until wgmma_wait().
template <int n, class T, Major a_major = Major::k, Major b_major = Major::k>
CHELA_DEVICE void wgmma(float (&d)[n / 2], uint64 a, uint64 b, bool accumulate = true) {
    WgmmaInstruction<n, T>::template run<a_major, b_major>(d, a, b, accumulate ? 1 : 0);
}
/// The same with A in registers.
template <int n, class T, Major b_major = Major::k>
CHELA_DEVICE void wgmma(float (&d)[n / 2], const uint32 (&a)[4], uint64 b, bool accumulate = true) {
    WgmmaInstruction<n, T>::template run<b_major>(d, a, b, accumulate ? 1 : 0);
}

} // namespace chela
#endif
