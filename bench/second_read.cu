// What reading k and v twice costs a long sequence of few heads, and whether L2 could serve the second
// reading: a kernel that moves the bytes of causal linear attention and computes nothing. A sequence is done
// in rounds. In a round each of `pieces` blocks of a head has `tokens` tokens: it reads k and v of its piece
// of the next round (for the state that the piece adds), q, k and v of this one, and writes o; then it writes
// its state and reads others'. Not part of the build, for it needs nvcc:
//     nvcc -std=c++17 -O3 -arch=sm_90a bench/second_read.cu -o second_read && ./second_read
// Figures: bench/results/h100-2026-11-26/rows.txt.

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

namespace {

constexpr int heads = 16, length = 1 << 17, row_pieces = 16; // of 16 bytes: 128 elements of 16 bits
constexpr int pieces = 8;                                    // of a head, side by side
constexpr int threads = 512, chunk = 64, rows_at_once = threads / row_pieces, turns = chunk / rows_at_once;
constexpr int record_kilobytes = 64; // a state of 128 x 128 in fp32
constexpr int record_pieces = record_kilobytes * 64;

struct Plan {
    const char* name;
    int tokens;                            // of a piece, in a round
    bool sums;                             // reads k and v of the next round
    int written_kilobytes, read_kilobytes; // of states, by each block in each round
    bool once_first, first_stays;          // what L2 is told
};

struct Tensors {
    const uint4 *q, *k, *v;
    uint4 *o, *records;
    unsigned* sink;
};

__device__ uint4 load(const uint4* from, unsigned long long policy, bool told) {
    uint4 x;
    if (told)
        asm volatile("ld.global.L1::no_allocate.L2::cache_hint.v4.u32 {%0, %1, %2, %3}, [%4], %5;"
                     : "=r"(x.x), "=r"(x.y), "=r"(x.z), "=r"(x.w)
                     : "l"(from), "l"(policy));
    else
        asm volatile("ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                     : "=r"(x.x), "=r"(x.y), "=r"(x.z), "=r"(x.w)
                     : "l"(from));
    return x;
}
__device__ void store(uint4* to, uint4 x, unsigned long long policy, bool told) {
    if (told)
        asm volatile("st.global.L2::cache_hint.v4.u32 [%4], {%0, %1, %2, %3}, %5;" ::"r"(x.x), "r"(x.y),
                     "r"(x.z), "r"(x.w), "l"(to), "l"(policy)
                     : "memory");
    else
        *to = x;
}
__device__ uint4 mix(uint4 a, uint4 b) { return make_uint4(a.x ^ b.x, a.y ^ b.y, a.z ^ b.z, a.w ^ b.w); }

__global__ void __launch_bounds__(threads, 1) move(Tensors tensors, Plan plan) {
    unsigned long long first_to_go, last_to_go;
    asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(first_to_go));
    asm volatile("createpolicy.fractional.L2::evict_last.b64 %0, 1.0;" : "=l"(last_to_go));
    const int piece = blockIdx.x % pieces, head = blockIdx.x / pieces;
    const long long stride = heads * row_pieces; // from token to token
    const int row = threadIdx.x / row_pieces, column = threadIdx.x % row_pieces;
    const int start = head * row_pieces + column;
    const int rounds = length / (plan.tokens * pieces);
    uint4 sum = make_uint4(0, 0, 0, 0);
    for (int round = plan.sums ? -1 : 0; round < rounds; ++round) {
        const long long now = (static_cast<long long>(round) * pieces + piece) * plan.tokens;
        const long long next = now + pieces * plan.tokens;
        const bool sums = plan.sums && round + 1 < rounds;
        for (int token = 0; token < plan.tokens; token += chunk) {
            uint4 next_k[turns], next_v[turns], q[turns], k[turns], v[turns];
            const auto at = [&](long long first, int i) {
                return start + (first + token + row + i * rows_at_once) * stride;
            };
            if (sums)
                for (int i = 0; i < turns; ++i) {
                    next_k[i] = load(tensors.k + at(next, i), last_to_go, plan.first_stays);
                    next_v[i] = load(tensors.v + at(next, i), last_to_go, plan.first_stays);
                }
            if (round >= 0) {
                for (int i = 0; i < turns; ++i) {
                    q[i] = load(tensors.q + at(now, i), first_to_go, plan.once_first);
                    k[i] = load(tensors.k + at(now, i), first_to_go, plan.once_first);
                    v[i] = load(tensors.v + at(now, i), first_to_go, plan.once_first);
                }
                for (int i = 0; i < turns; ++i)
                    store(tensors.o + at(now, i), mix(q[i], mix(k[i], v[i])), first_to_go, plan.once_first);
            }
            if (sums)
                for (int i = 0; i < turns; ++i) sum = mix(sum, mix(next_k[i], next_v[i]));
        }
        if (plan.written_kilobytes == 0) continue;
        uint4* const records =
            tensors.records + ((round + 1) % 2) * static_cast<long long>(gridDim.x) * record_pieces;
        for (int i = threadIdx.x; i < min(plan.written_kilobytes, record_kilobytes) * 64; i += threads)
            records[blockIdx.x * record_pieces + i] = sum;
        __syncthreads();
        const int first_of_head = head * pieces;
        for (int other = 1, left = plan.read_kilobytes; left > 0; ++other, left -= record_kilobytes) {
            const uint4* const from = records + (first_of_head + (piece + other) % pieces) * record_pieces;
#pragma unroll 8
            for (int i = threadIdx.x; i < min(left, record_kilobytes) * 64; i += threads)
                sum = mix(sum, __ldcg(from + i));
        }
    }
    if ((sum.x ^ sum.y) == 0x12345) *tensors.sink = sum.z; // or the compiler leaves it all out
}

template <class Work>
float median_ms(const Work& work) {
    cudaEvent_t begin, end;
    cudaEventCreate(&begin), cudaEventCreate(&end);
    std::vector<float> times(7);
    for (float& time : times) {
        cudaEventRecord(begin);
        work();
        cudaEventRecord(end);
        cudaEventSynchronize(end);
        cudaEventElapsedTime(&time, begin, end);
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

} // namespace

int main() {
    int devices = 0;
    if (const cudaError_t error = cudaGetDeviceCount(&devices); error || devices == 0) {
        std::printf("SKIP: %s\n", error ? cudaGetErrorString(error) : "no GPU");
        return 0;
    }
    constexpr std::size_t bytes = std::size_t{length} * heads * row_pieces * sizeof(uint4);
    void* memory[5];
    for (int i = 0; i < 4; ++i) cudaMalloc(&memory[i], bytes), cudaMemset(memory[i], i, bytes);
    cudaMalloc(&memory[4], 2 * heads * pieces * record_kilobytes << 10);
    Tensors tensors{static_cast<uint4*>(memory[0]), static_cast<uint4*>(memory[1]),
                    static_cast<uint4*>(memory[2]), static_cast<uint4*>(memory[3]),
                    static_cast<uint4*>(memory[4]), nullptr};
    cudaMalloc(&tensors.sink, sizeof(unsigned));
    const float copy = median_ms([&] {
        cudaMemcpyAsync(memory[3], memory[0], bytes, cudaMemcpyDeviceToDevice);
        cudaMemcpyAsync(memory[2], memory[1], bytes, cudaMemcpyDeviceToDevice);
    });
    std::printf("copy %.3f TB/s\n", 4e-9 * static_cast<double>(bytes) / copy);
    const auto run = [&](const Plan& plan) {
        const float ms = median_ms([&] { move<<<heads * pieces, threads>>>(tensors, plan); });
        const cudaError_t error = cudaGetLastError();
        std::printf("%-20s tokens %4d, states %3d and %3d KB, once goes first %d, first stays %d: %.4f ms, "
                    "%.1f %%%s\n",
                    plan.name, plan.tokens, plan.written_kilobytes, plan.read_kilobytes, plan.once_first,
                    plan.first_stays, ms, copy / ms * 100, error ? cudaGetErrorString(error) : "");
    };
    for (const bool told : {false, true}) run({"once", 512, false, 0, 0, told, false});
    for (const auto [once_first, first_stays] : {std::pair{false, false}, {true, false}, {true, true}}) {
        for (const int tokens : {128, 256, 512, 1024})
            run({"twice", tokens, true, 0, 0, once_first, first_stays});
        for (const int tokens : {256, 512, 1024}) {
            run({"twice, 16-bit states", tokens, true, 64, 64, once_first, first_stays});
            run({"twice, pairs", tokens, true, 32, 96, once_first, first_stays});
        }
    }
    return 0;
}
