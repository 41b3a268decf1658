// Instructions of sm_90a: stmatrix, wgmma in every layout of its operands, clusters, bulk copies.

#include "tests/gpu/emulator_twins.hpp"

#include <fmt/format.h>

using namespace chela::testing;

namespace {

/// A [64, 64] and B [n, 64] in bf16, or both with the other dimension contiguous, stored with a swizzle and
/// multiplied in four steps along K. `width`: bytes of a swizzle's row, 16 for none.
TwinKernel product(int n, int width, bool mn_major, bool a_in_registers) {
    const char* const mode = width == 16   ? "none"
                             : width == 32 ? "bytes32"
                             : width == 64 ? "bytes64"
                                           : "bytes128";
    std::string body = fmt::format(R"(
        constexpr int n = {0}, width = {1};
        constexpr bool mn = {2}, in_registers = {3};
        unsigned char* const left = shared;
        unsigned char* const right = shared + 16384;
        // Element (row along M or N, k) of an operand of `rows` rows.
        const auto place = [](int row, int k, int rows) {{
            const int inner = (mn ? row : k) * 2, outer = mn ? k : row, pitch = (mn ? 128 * rows / 64 : 128);
            int offset;
            if (width == 16) // core matrices of 128 bytes, one after the other along the inner dimension
                offset = outer / 8 * (pitch / 16 * 128) + inner / 16 * 128 + outer % 8 * 16 + inner % 16;
            else // panels as wide as the swizzle
                offset = inner / width * (mn ? 64 : rows) * width + outer * width + inner % width;
            return offset ^ ((offset >> 7 & (width / 16 - 1)) << 4);
        }};
        for (int i = thread_index(); i < 64 * 64; i += 128)
            *reinterpret_cast<uint16*>(left + place(i / 64, i % 64, 64)) = static_cast<uint16>(input[i] >> 16);
        for (int i = thread_index(); i < n * 64; i += 128)
            *reinterpret_cast<uint16*>(right + place(i / 64, i % 64, n)) = static_cast<uint16>(input[4096 + i] >> 16);
        fence_proxy_async();
        sync_threads();
        float d[n / 2];
        for (int i = 0; i < n / 2; ++i) d[i] = 1.0f;
        wgmma_fence();
        for (int step = 0; step < 4; ++step) {{
            const int k = step * 16;
            // Along the inner dimension, and from eight rows to the next.
            const int panel = width == 16 ? 128 : (mn ? 64 : 64) * width, eight = width == 16 ? 1024 : 8 * width;
            const int right_panel = width == 16 ? 128 : (mn ? 64 : n) * width;
            const int right_eight = width == 16 ? (mn ? n / 8 * 128 : 1024) : 8 * width;
            const auto start = [&](unsigned char* base, int panel_bytes, int eight_bytes) {{
                if (mn) return base + k / 8 * eight_bytes;
                return base + (width == 16 ? k / 8 * 128 : k * 2 / width * panel_bytes + k * 2 % width);
            }};
            const int leading = width == 16 && mn ? eight : panel, stride = width == 16 && mn ? panel : eight;
            const int right_leading = width == 16 && mn ? right_eight : right_panel;
            const int right_stride = width == 16 && mn ? right_panel : right_eight;
            const uint64 b = wgmma_descriptor<Swizzle::{4}>(start(right, right_panel, right_eight), right_leading, right_stride);
            if constexpr (in_registers) {{
                uint32 a[4];
                for (int i = 0; i < 4; ++i) {{
                    const int row = warp_index() * 16 + lane() / 4 + i % 2 * 8, column = k + i / 2 * 8 + lane() % 4 * 2;
                    a[i] = input[row * 64 + column] >> 16 | (input[row * 64 + column + 1] & 0xffff0000u);
                }}
                wgmma_fence(); // the registers of A are new
                wgmma<n, bf16, mn ? Major::mn : Major::k>(d, a, b);
                wgmma_commit();
                wgmma_wait<0>();
            }} else {{
                const uint64 a = wgmma_descriptor<Swizzle::{4}>(start(left, panel, eight), leading, stride);
                wgmma<n, bf16, mn ? Major::mn : Major::k, mn ? Major::mn : Major::k>(d, a, b);
            }}
        }}
        wgmma_commit();
        wgmma_wait<0>();
        for (int i = 0; i < n / 2; ++i)
            output[(warp_index() * 16 + lane() / 4 + i / 2 % 2 * 8) * n + i / 4 * 8 + lane() % 4 * 2 + i % 2] =
                float_to_bits(d[i]);
)",
                                   n, width, mn_major, a_in_registers, mode);
    return {{"barrier.cuh", "thread.cuh", "wgmma.cuh"}, std::move(body), 128, 65536, 1, true};
}

} // namespace

TEST_CASE("wgmma in every swizzle, orientation and source of A") {
    for (const int n : {32, 64, 128})
        for (const int width : {16, 32, 64, 128})
            for (const bool mn_major : {false, true})
                for (const bool in_registers : {false, true}) {
                    if (mn_major && n * 2 < width) continue;
                    INFO("n ", n, " width ", width, " mn_major ", mn_major, " A in registers ", in_registers);
                    std::vector<std::uint32_t> input(static_cast<std::size_t>(4096 + n * 64));
                    for (std::size_t i = 0; i < input.size(); ++i)
                        input[i] = bits_of(static_cast<float>(small_integer(i)));
                    const auto output = run_twins(product(n, width, mn_major, in_registers), input,
                                                  static_cast<std::size_t>(64 * n));
                    int wrong = 0;
                    for (std::size_t row = 0; row < 64; ++row)
                        for (std::size_t column = 0; column < static_cast<std::size_t>(n); ++column) {
                            int sum = 1;
                            for (std::size_t k = 0; k < 64; ++k)
                                sum += small_integer(row * 64 + k) * small_integer(4096 + column * 64 + k);
                            wrong += float_of(output[row * static_cast<std::size_t>(n) + column]) !=
                                     static_cast<float>(sum);
                        }
                    CHECK(wrong == 0);
                }
}

TEST_CASE("stmatrix is the inverse of ldmatrix") {
    const TwinKernel kernel{{"matrix.cuh", "thread.cuh"}, R"(
        uint32 registers[4], back[4];
        for (int i = 0; i < 4; ++i) registers[i] = input[lane() * 4 + i];
        stmatrix_x4_transposed(registers, shared + lane() * 16);
        sync_warp();
        ldmatrix_x4_transposed(back, shared + lane() * 16);
        for (int i = 0; i < 4; ++i) output[lane() * 4 + i] = back[i];
)", 32, 4096, 1, true};
    std::vector<std::uint32_t> input(128);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::uint32_t>(i * 2654435761u);
    CHECK(run_twins(kernel, input, 128) == input);
}

TEST_CASE("bulk copies through an mbarrier, and the shared memory of the next block of a cluster") {
    const TwinKernel kernel{{"cluster.cuh", "thread.cuh", "tma.cuh"}, R"(
        uint32* const words = reinterpret_cast<uint32*>(shared);
        Barrier* const full = reinterpret_cast<Barrier*>(shared + 1024);
        const int next = (cluster_rank() + 1) % cluster_blocks();
        if (thread_index() == 0) {
            barrier_init(full, 1);
            fence_barrier_init();
        }
        cluster_sync();
        if (thread_index() == 0) {
            barrier_arrive_expect(full, 512);
            bulk_load(words, input + cluster_rank() * 128, 512, full);
        }
        barrier_wait(full, 0);
        cluster_sync();
        output[cluster_rank() * 128 + thread_index()] = map_shared_rank(words, next)[thread_index()];
        cluster_sync();
        if (thread_index() == 0) {
            bulk_store(output + 512 + cluster_rank() * 128, words, 512);
            tma_store_commit();
            tma_store_wait<0>();
        }
)", 128, 4096, 4, true};
    std::vector<std::uint32_t> input(512);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::uint32_t>(i);
    const auto output = run_twins(kernel, input, 1024);
    for (unsigned i = 0; i < 512; ++i) {
        CHECK(output[i] == (i + 128) % 512);
        CHECK(output[512 + i] == i);
    }
}

TEST_CASE("boxes of a tensor by TMA: where they lie in shared memory, and what lies outside the tensor") {
    // 20 rows of 80 columns: of the box at (32, 16), 48 columns and 4 rows.
    const TwinKernel kernel{{"thread.cuh", "tma.cuh"}, R"(
        Barrier* const full = reinterpret_cast<Barrier*>(shared + 4096);
        if (thread_index() == 0) {
            barrier_init(full, 1);
            fence_barrier_init();
        }
        sync_threads();
        if (thread_index() == 0) {
            barrier_arrive_expect(full, 2048);
            tma_load(shared, tensor_map(arguments.input_map), full, 0, 3);
            tma_load_keep(shared + 1024, tensor_map(arguments.input_map), full, 32, 16);
        }
        barrier_wait(full, 0);
        for (int i = thread_index(); i < 512; i += 32) output[i] = reinterpret_cast<const uint32*>(shared)[i];
        if (thread_index() == 0) {
            tma_store_once(tensor_map(arguments.output_map), shared + 1024, 32, 16);
            tma_store_commit();
            tma_store_wait<0>();
        }
)", 32, 8192, 1, true, 80};
    std::vector<std::uint32_t> input(800);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::uint32_t>(i + 1);
    const auto output = run_twins(kernel, input, 1320); // 33 rows
    for (unsigned row = 0; row < 8; ++row)
        for (unsigned word = 0; word < 32; ++word) {
            CAPTURE(row);
            CAPTURE(word);
            const unsigned place = row * 32 + ((word / 4) ^ row) * 4 + word % 4;
            CHECK(output[place] == (3 + row) * 40 + word + 1);
            const bool inside = row < 4 && word < 24;
            const unsigned second = inside ? (16 + row) * 40 + 16 + word + 1 : 0;
            CHECK(output[256 + place] == second);
            if (word < 24) CHECK(output[(16 + row) * 40 + 16 + word] == second);
        }
    CHECK(output[24 * 40 + 16] == 0xcdcdcdcd); // nothing beyond the box
    CHECK(output[16 * 40 + 15] == 0xcdcdcdcd);
}
