#include "runtime/host_tensors.hpp"

#include "runtime/host_image.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <limits>

using namespace chela;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// All finite values of a format are in order of their bits, so that the right rounding of a value can be
/// found without knowing how rounding is done: the nearer neighbour, or of two equally near the one with even
/// bits.
template <class Widen, class Round>
void check_format(Widen widen, Round round, std::uint16_t infinity_bits) {
    for (std::uint16_t bits = 0; bits < infinity_bits; ++bits) {
        const double low = widen(bits);
        REQUIRE(round(low) == bits);
        REQUIRE(round(-low) == (bits | 0x8000));
        if (bits + 1 == infinity_bits) break;
        const double high = widen(static_cast<std::uint16_t>(bits + 1)), middle = low + (high - low) / 2;
        REQUIRE(low < high);
        REQUIRE(round(middle) == (bits % 2 == 0 ? bits : bits + 1));
        REQUIRE(round(std::nextafter(middle, 0.0)) == bits);
        REQUIRE(round(std::nextafter(middle, infinity)) == bits + 1);
    }
    CHECK(widen(infinity_bits) == infinity);
    CHECK(round(infinity) == infinity_bits);
    CHECK(round(-infinity) == (infinity_bits | 0x8000));
    CHECK(std::isnan(widen(round(std::numeric_limits<double>::quiet_NaN()))));
    CHECK(round(1e300) == infinity_bits);
    CHECK(round(1e-300) == 0);
    CHECK(round(-1e-300) == 0x8000);
    CHECK(round(std::numeric_limits<double>::denorm_min()) == 0);
}

} // namespace

TEST_CASE("bf16 and fp16 round to nearest even, over the whole range") {
    check_format(from_bf16, to_bf16, 0x7f80);
    check_format(from_fp16, to_fp16, 0x7c00);
    CHECK(to_bf16(1.0) == 0x3f80);
    CHECK(to_fp16(1.0) == 0x3c00);
    CHECK(from_fp16(0x7bff) == 65504);
}

TEST_CASE("rounding happens once, not through fp32") {
    const double above_middle = 1 + 0x1p-8 + 0x1p-40; // in fp32 it is the middle between two bf16 values
    CHECK(from_bf16(to_bf16(above_middle)) == 1 + 0x1p-7);
}

TEST_CASE("int32 holds whole numbers, and the nearest of its range for others") {
    const double values[] = {0, -7, 2147483647, 2.4, 1e12, -1e12};
    std::byte bytes[sizeof(std::int32_t) * 6];
    encode(values, DType::int32, bytes);
    double read[6];
    decode(bytes, DType::int32, read);
    CHECK(std::equal(read, read + 3, values));
    CHECK(read[3] == 2);
    CHECK(read[4] == 2147483647.0);
    CHECK(read[5] == -2147483648.0);
    for (int i = 0; i < 6; ++i) CHECK(round_to(DType::int32, values[i]) == read[i]);
    CHECK(first_nonfinite(bytes, DType::int32, 6) == 6);
}

TEST_CASE("overflow and smallest value of each dtype") {
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32}) {
        const double limit = overflow_threshold(dtype);
        CHECK(round_to(dtype, limit) == infinity);
        CHECK(std::isfinite(round_to(dtype, std::nextafter(limit, 0.0))));
        CHECK(round_to(dtype, smallest(dtype)) == smallest(dtype));
        CHECK(round_to(dtype, smallest(dtype) / 2) == 0);
    }
}

TEST_CASE("encode and decode are each other's inverse on representable values") {
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32}) {
        std::vector<double> values, back(100);
        for (int i = 0; i < 100; ++i) values.push_back(round_to(dtype, std::sin(i) * std::exp2(i % 20)));
        std::vector<std::byte> bytes(100 * size_of(dtype));
        encode(values, dtype, bytes.data());
        decode(bytes.data(), dtype, back);
        CHECK(values == back);
    }
}

TEST_CASE("the first NaN or infinity is found, wherever it lies") {
    for (const DType dtype : {DType::bf16, DType::fp16, DType::fp32}) {
        const std::size_t count = 10'000;
        for (const std::size_t at : {0, 4095, 4096, 9999}) {
            for (const double bad : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
                std::vector<double> values(count, -1);
                values[at] = bad;
                std::vector<std::byte> bytes(count * size_of(dtype));
                encode(values, dtype, bytes.data());
                CHECK(first_nonfinite(bytes.data(), dtype, count) == at);
                CHECK(first_nonfinite(bytes.data(), dtype, at) == at); // none before it
            }
        }
    }
}

TEST_CASE("random values: the same everywhere, normal-like, different for each seed and tensor") {
    const RandomValues q(1, "q"), k(1, "k"), other(2, "q");
    // Pinned: results that people report with a seed must mean the same inputs on their machine and on ours.
    CHECK(round_to(DType::fp32, q(0)) == doctest::Approx(1.92382097).epsilon(1e-8));
    CHECK(round_to(DType::fp32, q(123456789)) == doctest::Approx(0.166449949).epsilon(1e-8));
    const int count = 100'000;
    double sum = 0, squares = 0, fourth = 0, q_k = 0, q_other = 0, neighbours = 0;
    for (int i = 0; i < count; ++i) {
        const double value = q(i);
        sum += value;
        squares += value * value;
        fourth += value * value * value * value;
        q_k += value * k(i);
        q_other += value * other(i);
        neighbours += value * q(i + 1);
    }
    const double tolerance = 5 / std::sqrt(count); // five standard errors
    CHECK(std::abs(sum / count) < tolerance);
    CHECK(std::abs(squares / count - 1) < 2 * tolerance);
    CHECK(std::abs(fourth / count - 2.7) < 10 * tolerance); // a sum of four uniform numbers: 3 - 6/5/4
    for (const double product : {q_k, q_other, neighbours}) CHECK(std::abs(product / count) < tolerance);
}

TEST_CASE("an image is full of its value, whatever its size") {
    constexpr std::size_t mebibyte = 1 << 20;
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{1}, mebibyte - 1, mebibyte, 3 * mebibyte + 7}) {
        CAPTURE(bytes);
        const HostImage image(bytes, std::byte{0xff});
        REQUIRE(image.size() == bytes);
        CHECK(image.empty() == (bytes == 0));
        CHECK(std::count(image.data(), image.data() + bytes, std::byte{0xff}) ==
              static_cast<std::ptrdiff_t>(bytes));
    }
}
