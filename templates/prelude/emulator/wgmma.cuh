#pragma once
// Products of a warpgroup: the emulated twin of prelude/cuda/wgmma.cuh, which says how operands lie.

#include "prelude/emulator/types.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
namespace chela {

enum class Swizzle { none = 0, bytes128 = 1, bytes64 = 2, bytes32 = 3 };
enum class Major { k = 0, mn = 1 };

template <Swizzle swizzle>
CHELA_DEVICE uint64 wgmma_descriptor(const void* shared, int leading_bytes, int stride_bytes) {
    return static_cast<uint64>((shared_address(shared) & 0x3ffffu) >> 4) |
           static_cast<uint64>((static_cast<uint32>(leading_bytes) & 0x3ffffu) >> 4) << 16 |
           static_cast<uint64>((static_cast<uint32>(stride_bytes) & 0x3ffffu) >> 4) << 32 |
           static_cast<uint64>(swizzle) << 62;
}
CHELA_DEVICE uint64 wgmma_advance(uint64 descriptor, int bytes) {
    return descriptor + static_cast<uint64>(static_cast<uint32>(bytes) >> 4);
}

CHELA_DEVICE void wgmma_fence() { chela_emulator_wgmma_fence(chela_emulator_site()); }
CHELA_DEVICE void wgmma_commit() { chela_emulator_wgmma_commit(chela_emulator_site()); }
template <int groups_left>
CHELA_DEVICE void wgmma_wait() {
    chela_emulator_wgmma_wait(groups_left, chela_emulator_site());
}

template <int n>
CHELA_DEVICE void wgmma_pin(float (&)[n]) {} // the emulator's calls are in order

/// Numbers of the operand types in calls of the engine.
template <class T>
struct WgmmaType;
template <>
struct WgmmaType<bf16> {
    enum { number = 0 };
};
template <>
struct WgmmaType<fp16> {
    enum { number = 1 };
};
template <>
struct WgmmaType<tf32> {
    enum { number = 2 };
};

template <int n, class T, Major a_major = Major::k, Major b_major = Major::k>
CHELA_DEVICE void wgmma(float (&d)[n / 2], uint64 a, uint64 b, bool accumulate = true) {
    static_assert(n % 8 == 0 && n >= 8 && n <= 256, "n is a multiple of 8 up to 256");
    static_assert(WgmmaType<T>::number != 2 || (a_major == Major::k && b_major == Major::k),
                  "tf32 is K-major");
    chela_emulator_wgmma(d, n, nullptr, a, b, WgmmaType<T>::number, a_major == Major::mn,
                         b_major == Major::mn, accumulate, chela_emulator_site());
}
template <int n, class T, Major b_major = Major::k>
CHELA_DEVICE void wgmma(float (&d)[n / 2], const uint32 (&a)[4], uint64 b, bool accumulate = true) {
    static_assert(n % 8 == 0 && n >= 8 && n <= 256, "n is a multiple of 8 up to 256");
    static_assert(WgmmaType<T>::number != 2 || b_major == Major::k, "tf32 is K-major");
    chela_emulator_wgmma(d, n, a, 0, b, WgmmaType<T>::number, false, b_major == Major::mn, accumulate,
                         chela_emulator_site());
}

} // namespace chela
#endif
