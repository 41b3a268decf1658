// Instructions of one warp: exact expectations worked out here, and the GPU's opinion where there is one.

#include "tests/gpu/emulator_twins.hpp"

#include <cmath>
#include <random>

using namespace chela::testing;

namespace {

std::vector<std::uint32_t> counted(std::size_t words) {
    std::vector<std::uint32_t> values(words);
    for (std::size_t i = 0; i < words; ++i) values[i] = static_cast<std::uint32_t>(2 * i | (2 * i + 1) << 16);
    return values;
}

} // namespace

TEST_CASE("ldmatrix and movmatrix") {
    // Element number = position in the [32, 8] array of 16-bit elements; lane l gives row l.
    TwinKernel kernel{{"matrix.cuh", "thread.cuh"}, R"(
        uint32* const words = reinterpret_cast<uint32*>(shared);
        for (int i = lane(); i < 128; i += 32) words[i] = input[i];
        sync_warp();
        uint32 plain[4], mirrored[4], two[2];
        ldmatrix_x4(plain, shared + lane() * 16);
        ldmatrix_x4_transposed(mirrored, shared + lane() * 16);
        ldmatrix_x2_transposed(two, shared + lane() % 16 * 16);
        for (int i = 0; i < 4; ++i) {
            output[lane() * 11 + i] = plain[i];
            output[lane() * 11 + 4 + i] = mirrored[i];
        }
        output[lane() * 11 + 8] = two[0];
        output[lane() * 11 + 9] = two[1];
        output[lane() * 11 + 10] = movmatrix_transposed(plain[0]);
)"};
    const auto output = run_twins(kernel, counted(128), 32 * 11);
    for (unsigned lane = 0; lane < 32; ++lane)
        for (unsigned matrix = 0; matrix < 4; ++matrix) {
            const unsigned low = matrix * 64 + lane / 4 * 8 + lane % 4 * 2;
            CHECK(output[lane * 11 + matrix] == (low | (low + 1) << 16));
            const unsigned mirrored = matrix * 64 + lane % 4 * 2 * 8 + lane / 4;
            CHECK(output[lane * 11 + 4 + matrix] == (mirrored | (mirrored + 8) << 16));
            if (matrix < 2) CHECK(output[lane * 11 + 8 + matrix] == (mirrored | (mirrored + 8) << 16));
            if (matrix == 0) CHECK(output[lane * 11 + 10] == (mirrored | (mirrored + 8) << 16));
        }
}

TEST_CASE("mma of small integers is exact in every type") {
    // A [16, 16] and B [16, 8]; the depth-8 forms use the first eight columns and rows.
    TwinKernel kernel{{"matrix.cuh", "thread.cuh"}, R"(
        const float* const a = reinterpret_cast<const float*>(input);
        const float* const b = a + 256;
        const int group = lane() / 4, member = lane() % 4;
        float d[5][4] = {};
        uint32 a16[2][4], b16[2][2], a32[4], b32[2];
        for (int i = 0; i < 4; ++i) {
            const float* const pair = a + (group + i % 2 * 8) * 16 + i / 2 * 8 + member * 2;
            a16[0][i] = pack2<bf16>(pair[0], pair[1]);
            a16[1][i] = pack2<fp16>(pair[0], pair[1]);
            a32[i] = to_tf32(a[(group + i % 2 * 8) * 16 + i / 2 * 4 + member]);
        }
        for (int i = 0; i < 2; ++i) {
            const float* const pair = b + (i * 8 + member * 2) * 8 + group;
            b16[0][i] = pack2<bf16>(pair[0], pair[8]);
            b16[1][i] = pack2<fp16>(pair[0], pair[8]);
            b32[i] = to_tf32(b[(i * 4 + member) * 8 + group]);
        }
        mma_m16n8k16<bf16>(d[0], a16[0], b16[0]);
        mma_m16n8k16<fp16>(d[1], a16[1], b16[1]);
        const uint32 half_a[2][2] = {{a16[0][0], a16[0][1]}, {a16[1][0], a16[1][1]}};
        const uint32 half_b[2][1] = {{b16[0][0]}, {b16[1][0]}};
        mma_m16n8k8<bf16>(d[2], half_a[0], half_b[0]);
        mma_m16n8k8<fp16>(d[3], half_a[1], half_b[1]);
        mma_m16n8k8_tf32(d[4], a32, b32);
        for (int form = 0; form < 5; ++form)
            for (int i = 0; i < 4; ++i)
                output[form * 128 + (group + i / 2 * 8) * 8 + member * 2 + i % 2] = float_to_bits(d[form][i]);
)"};
    std::vector<std::uint32_t> input(256 + 128);
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = bits_of(static_cast<float>(small_integer(i)));
    const auto output = run_twins(kernel, input, 5 * 128);
    for (std::size_t form = 0; form < 5; ++form)
        for (std::size_t row = 0; row < 16; ++row)
            for (std::size_t column = 0; column < 8; ++column) {
                int sum = 0;
                for (std::size_t k = 0; k < (form < 2 ? 16u : 8u); ++k)
                    sum += small_integer(row * 16 + k) * small_integer(256 + k * 8 + column);
                CHECK(float_of(output[form * 128 + row * 8 + column]) == static_cast<float>(sum));
            }
}

TEST_CASE("mma on random operands stays within the error of a cut-off sum") {
    TwinKernel kernel{{"matrix.cuh", "thread.cuh"}, R"(
        uint32 a[4], b[2];
        float d[4];
        for (int i = 0; i < 4; ++i) a[i] = input[lane() * 10 + i];
        for (int i = 0; i < 2; ++i) b[i] = input[lane() * 10 + 4 + i];
        for (int i = 0; i < 4; ++i) d[i] = bits_to_float(input[lane() * 10 + 6 + i]);
        mma_m16n8k16<bf16>(d, a, b);
        for (int i = 0; i < 4; ++i) output[lane() * 4 + i] = float_to_bits(d[i]);
)"};
    constexpr unsigned seed = 20261123;
    INFO("seed ", seed);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<std::uint32_t> input(320);
    for (std::size_t i = 0; i < input.size(); ++i)
        input[i] = i % 10 < 6 ? bf16_pair(normal(random), normal(random)) : bits_of(normal(random));
    const auto output = run_twins(kernel, input, 128);
    const auto element = [&](std::size_t lane, std::size_t reg, bool high) {
        const std::uint32_t word = input[lane * 10 + reg];
        return static_cast<double>(float_of(high ? word & 0xffff0000u : word << 16));
    };
    for (std::size_t lane = 0; lane < 32; ++lane)
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t group = lane / 4, column = lane % 4 * 2 + i % 2;
            double sum = float_of(input[lane * 10 + 6 + i]), largest = std::abs(sum);
            for (std::size_t k = 0; k < 16; ++k) {
                const double product = element(group * 4 + k % 8 / 2, i / 2 + k / 8 * 2, k % 2) *
                                       element(column * 4 + k % 8 / 2, 4 + k / 8, k % 2);
                sum += product;
                largest = std::max(largest, std::abs(product));
            }
            CHECK(std::abs(float_of(output[lane * 4 + i]) - sum) <= 20 * largest * std::ldexp(1.0, -24));
        }
}

TEST_CASE("shuffles, votes, conversions and zero-filled copies") {
    TwinKernel kernel{{"copy.cuh", "thread.cuh"}, R"(
        const int index = lane();
        uint32* const words = reinterpret_cast<uint32*>(shared);
        cp_async<16>(words + index * 4, input + index * 4, index % 2 == 0);
        cp_async_commit();
        output[index] = shuffle(static_cast<uint32>(index), index + 5);
        output[32 + index] = shuffle_xor(static_cast<uint32>(index), 9);
        output[64 + index] = shuffle_down(static_cast<uint32>(index), 3);
        output[96 + index] = shuffle_up(static_cast<uint32>(index), 3);
        output[128 + index] = vote(index % 3 == 0);
        const float value = bits_to_float(input[index]);
        output[160 + index] = from_float<bf16>(value).bits;
        output[192 + index] = from_float<fp16>(value).bits;
        output[224 + index] = to_tf32(value);
        output[256 + index] = pack2<fp16>(value, -value);
        cp_async_wait<0>();
        sync_warp();
        output[288 + index] = words[index ^ 4];
)"};
    std::vector<std::uint32_t> input = counted(128);
    // Ties, carries into the exponent, subnormals of fp16, overflow, infinities, NaN.
    const std::uint32_t special[] = {0x3f808000, 0x3f818000, 0x3f807fff, 0x3f7fffff, 0x3f801000,
                                     0x3f803000, 0x33000000, 0x33000001, 0x387fffff, 0x477ff000,
                                     0x477fefff, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00001,
                                     0x80000000, 0x00000001, 0x3f800fff, 0xbf808000, 0xbf801000};
    for (std::size_t i = 0; i < std::size(special); ++i) input[i] = special[i];
    const auto output = run_twins(kernel, input, 320);
    for (unsigned i = 0; i < 32; ++i) {
        CHECK(output[i] == (i + 5) % 32);
        CHECK(output[32 + i] == (i ^ 9u));
        CHECK(output[64 + i] == (i + 3 < 32 ? i + 3 : i));
        CHECK(output[96 + i] == (i >= 3 ? i - 3 : i));
        CHECK(output[128 + i] == 0x49249249u);
        CHECK(output[288 + i] == ((i ^ 4u) / 4 % 2 == 0 ? input[i ^ 4u] : 0u));
    }
    const std::uint32_t bf16[] = {0x3f80, 0x3f82, 0x3f80, 0x3f80, 0x3f80, 0x3f80, 0x3300,
                                  0x3300, 0x3880, 0x4780, 0x4780, 0x7f80, 0x7f80, 0xff80,
                                  0x7fff, 0x8000, 0x0000, 0x3f80, 0xbf80, 0xbf80};
    const std::uint32_t fp16[] = {0x3c04, 0x3c0c, 0x3c04, 0x3c00, 0x3c00, 0x3c02, 0x0000,
                                  0x0001, 0x0400, 0x7c00, 0x7bff, 0x7c00, 0x7c00, 0xfc00,
                                  0x7fff, 0x8000, 0x0000, 0x3c00, 0xbc04, 0xbc00};
    const std::uint32_t tf32[] = {0x3f808000, 0x3f818000, 0x3f808000, 0x3f800000, 0x3f802000,
                                  0x3f804000, 0x33000000, 0x33000000, 0x38800000, 0x47800000,
                                  0x477fe000, 0x7f800000, 0x7f800000, 0xff800000, 0x7fc00000,
                                  0x80000000, 0x00000000, 0x3f800000, 0xbf808000, 0xbf802000};
    for (std::size_t i = 0; i < std::size(special); ++i) {
        INFO("value ", i);
        CHECK(output[160 + i] == bf16[i]);
        CHECK(output[192 + i] == fp16[i]);
        CHECK(output[224 + i] == tf32[i]);
        CHECK((output[256 + i] & 0xffffu) == fp16[i]);
    }
}

TEST_CASE("accumulators from and to a transposed matrix, as far as it reaches") {
    // A [rows 13, columns 7] tile, stored column by column, 16 words apart.
    TwinKernel kernel{{"matrix.cuh", "thread.cuh"}, R"(
        const int first = lane() % 4 * 2 * 16 + lane() / 4;
        const float* const from = reinterpret_cast<const float*>(input) + first;
        float* const to = reinterpret_cast<float*>(output) + first;
        float d[4];
        load_accumulator(d, from, from + 16, 7 - lane() % 4 * 2, 13 - lane() / 4);
        for (int i = 0; i < 4; ++i) output[128 + lane() * 4 + i] = float_to_bits(d[i]);
        store_accumulator(d, to, to + 16, 7 - lane() % 4 * 2, 13 - lane() / 4);
)"};
    const auto input = counted(128);
    const auto output = run_twins(kernel, input, 256);
    for (unsigned lane = 0; lane < 32; ++lane)
        for (unsigned i = 0; i < 4; ++i) {
            const unsigned column = lane % 4 * 2 + i % 2, row = lane / 4 + i / 2 * 8;
            const bool inside = column < 7 && row < 13;
            CHECK(output[128 + lane * 4 + i] == (inside ? input[column * 16 + row] : 0));
            if (inside)
                CHECK(output[column * 16 + row] == input[column * 16 + row]);
            else
                CHECK(output[column * 16 + row] != input[column * 16 + row]);
        }
}

TEST_CASE("arithmetic of 16-bit pairs rounds once") {
    // Any bits at all: zeros, subnormals, infinities and NaNs among them.
    constexpr std::size_t triples = 32 * 512;
    TwinKernel kernel{{"pairs.cuh", "thread.cuh"}, R"(
        for (int i = lane(); i < 16384; i += 32) {
            const uint32 a = input[3 * i], b = input[3 * i + 1], c = input[3 * i + 2];
            output[4 * i] = multiply2<fp16>(a, b);
            output[4 * i + 1] = multiply2<bf16>(a, b);
            output[4 * i + 2] = fused_multiply_add2(a, b, c);
            output[4 * i + 3] = multiply2<fp16>(negate2(a), b);
        }
)"};
    std::mt19937 random(21);
    std::vector<std::uint32_t> input(3 * triples);
    for (auto& word : input) word = static_cast<std::uint32_t>(random());
    // 1 + 2^-10 squared is 1 + 2^-9 + 2^-20: with -2^-9 - 1, exactly 2^-20, which two roundings would lose;
    // with 2^-11 it lies just above the middle of two numbers.
    input[0] = input[1] = 0x3c013c01u, input[2] = 0xbc021000u;
    const auto output = run_twins(kernel, input, 4 * triples);
    CHECK(output[2] == 0x00103c03u);
}

TEST_CASE("the maximum of feature maps keeps NaN, and infinity where it is larger") {
    const TwinKernel kernel{{"math.cuh", "thread.cuh"}, R"(
        const float x = bits_to_float(input[lane()]), y = maximum_or_nan(x, 0.0f);
        output[lane()] = y != y ? 0x7fc00000u : float_to_bits(y + 0.0f);
)"};
    std::vector<std::uint32_t> input(32, bits_of(-1.5f));
    const std::uint32_t nan = 0x7fc00000u, infinity = 0x7f800000u;
    input[0] = nan, input[1] = nan | 0x80000000u, input[2] = infinity, input[3] = infinity | 0x80000000u,
    input[4] = bits_of(2.5f);
    const auto output = run_twins(kernel, input, 32);
    CHECK(output[0] == nan);
    CHECK(output[1] == nan);
    CHECK(output[2] == infinity);
    CHECK(output[3] == 0);
    CHECK(output[4] == bits_of(2.5f));
    CHECK(output[5] == 0);
}
