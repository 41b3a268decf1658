// The reader and the writer of .npy files, on files made here by the format's definition.

#include "cli/npy.hpp"
#include "codegen/error.hpp"
#include "tests/cli/chela_program.hpp"
#include "tests/cli/npy_bytes.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace chela;
using namespace chela::tests;

namespace {

std::vector<float> read_floats(const std::filesystem::path& path) {
    const auto elements = cli::read_npy(path, cli::read_npy_header(path), DType::fp32);
    std::vector<float> values(elements.bytes.size() / sizeof(float));
    std::memcpy(values.data(), elements.bytes.data(), elements.bytes.size());
    return values;
}

/// What the reader says of a file with these bytes.
std::string complaint(const TemporaryFolder& folder, const std::string& bytes) {
    const auto path = folder / "bad.npy";
    write_file(path, bytes);
    try {
        cli::read_npy_header(path);
    } catch (const UserError& error) {
        CHECK_MESSAGE(std::string(error.what()).find("bad.npy") != std::string::npos, error.what());
        return error.what();
    }
    return "none";
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string header(const std::string& type, const std::string& order, const std::string& shape) {
    return "{'descr': " + type + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }";
}

} // namespace

TEST_CASE("npy: every type, order of indices, order of bytes and version reads as the same values") {
    const TemporaryFolder folder;
    const Shape shape{2, 3, 1, 5};
    std::vector<double> values; // exact in float16
    for (int i = 0; i < 30; ++i) values.push_back(0.25 * i - 3);
    for (const char* type : {"f2", "f4", "f8"})
        for (const bool fortran : {false, true})
            for (const bool big_endian : {false, true})
                for (const int version : {1, 2, 3}) {
                    CAPTURE(type);
                    CAPTURE(fortran);
                    CAPTURE(big_endian);
                    CAPTURE(version);
                    const auto path = folder / "a.npy";
                    write_file(path, npy_bytes(shape, values, {type, fortran, big_endian, version}));
                    CHECK(cli::read_npy_header(path).shape == shape);
                    const auto read = read_floats(path);
                    CHECK(std::equal(read.begin(), read.end(), values.begin(), values.end()));
                }
}

TEST_CASE("npy: no dimensions, no elements, one dimension") {
    const TemporaryFolder folder;
    write_file(folder / "scalar.npy", npy_bytes({}, {2.5}));
    CHECK(read_floats(folder / "scalar.npy") == std::vector<float>{2.5f});
    write_file(folder / "empty.npy", npy_bytes({3, 0, 4}, {}));
    CHECK(read_floats(folder / "empty.npy").empty());
    CHECK(cli::read_npy_header(folder / "empty.npy").shape == Shape{3, 0, 4});
    write_file(folder / "line.npy", npy_bytes({3}, {1, 2, 3}));
    CHECK(read_floats(folder / "line.npy") == std::vector<float>{1, 2, 3});
}

TEST_CASE("npy: conversion rounds once and counts what becomes infinite") {
    const TemporaryFolder folder;
    // Between two float16 values, a little above the middle: rounding to float32 first would lose the little.
    const double above_tie = 1 + std::ldexp(1, -11) + std::ldexp(1, -40);
    write_file(folder / "a.npy", npy_bytes({3}, {above_tie, 1e30, -70000}, {"f8", false, false, 1}));
    const auto elements =
        cli::read_npy(folder / "a.npy", cli::read_npy_header(folder / "a.npy"), DType::fp16);
    std::uint16_t halves[3];
    REQUIRE(elements.bytes.size() == sizeof halves);
    std::memcpy(halves, elements.bytes.data(), sizeof halves);
    CHECK(halves[0] == 0x3c01);
    CHECK(halves[1] == 0x7c00);
    CHECK(halves[2] == 0xfc00);
    CHECK(elements.overflowed == 2);
}

TEST_CASE("npy: whole numbers, and those that int32 does not hold") {
    const TemporaryFolder folder;
    const std::vector<double> values{0, -5, 2147483647.0, -2147483648.0};
    for (const char* type : {"i4", "i8"})
        for (const bool big_endian : {false, true}) {
            write_file(folder / "i.npy", npy_bytes({4}, values, {type, false, big_endian, 1}));
            const auto header = cli::read_npy_header(folder / "i.npy");
            const auto elements = cli::read_npy(folder / "i.npy", header, DType::int32);
            CHECK(elements.overflowed == 0);
            std::int32_t read[4];
            REQUIRE(elements.bytes.size() == sizeof read);
            std::memcpy(read, elements.bytes.data(), sizeof read);
            CHECK(std::equal(std::begin(read), std::end(read), values.begin(), values.end()));
        }
    write_file(folder / "i.npy", npy_bytes({3}, {1, 2147483648.0, -1e15}, {"i8", false, false, 1}));
    CHECK(cli::read_npy(folder / "i.npy", cli::read_npy_header(folder / "i.npy"), DType::int32).overflowed ==
          2);
}

TEST_CASE("npy: what is written is read back, by an independent reader too") {
    const TemporaryFolder folder;
    const Shape shape{2, 1, 3};
    const float values[6] = {1, -2, 0.5f, 1e-8f, 3e38f, -0.0f};
    const auto bytes = std::as_bytes(std::span(values));
    cli::write_npy(folder / "o.npy", shape, DType::fp32, bytes);
    const NpyContent content = read_npy_bytes(read_file(folder / "o.npy"));
    CHECK(content.shape == shape);
    CHECK(std::equal(content.values.begin(), content.values.end(), std::begin(values), std::end(values)));
    CHECK(read_file(folder / "o.npy").size() % 64 ==
          sizeof values % 64); // elements begin at a multiple of 64
    CHECK(read_floats(folder / "o.npy") == std::vector<float>(std::begin(values), std::end(values)));

    const std::uint16_t brain[2] = {0x3f80, 0xc040}; // 1 and -3 in bf16
    cli::write_npy(folder / "b.npy", Shape{2}, DType::bf16, std::as_bytes(std::span(brain)));
    CHECK(read_floats(folder / "b.npy") == std::vector<float>{1, -3});
}

TEST_CASE("npy: an output replaces an old file whole, keeps links, and is refused where it cannot be") {
    const TemporaryFolder folder;
    const float one = 1;
    const auto bytes = std::as_bytes(std::span(&one, 1));
    write_file(folder / "real.npy", "old");
    std::filesystem::create_symlink("real.npy", folder / "link.npy");
    cli::write_npy(folder / "link.npy", Shape{1}, DType::fp32, bytes);
    CHECK(std::filesystem::is_symlink(folder / "link.npy"));
    CHECK(read_floats(folder / "real.npy") == std::vector<float>{1});
    CHECK_THROWS_AS(cli::write_npy(folder / "no/such/o.npy", Shape{1}, DType::fp32, bytes), UserError);
    CHECK_THROWS_AS(cli::write_npy(folder.path(), Shape{1}, DType::fp32, bytes), UserError);
    cli::write_npy("/dev/null", Shape{1}, DType::fp32, bytes);
    CHECK(std::filesystem::is_character_file("/dev/null"));
    int files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++files;
    CHECK(files == 2); // no stage is left
}

TEST_CASE("npy: malformed files are refused by name") {
    const TemporaryFolder folder;
    const std::string good = npy_bytes({4}, {1, 2, 3, 4});
    const auto with = [&](const std::string& literal, const std::string& data = std::string(64, '\0')) {
        return complaint(folder, npy_with_header(literal, data));
    };
    CHECK(complaint(folder, good) == "none");
    for (std::size_t length = 0; length < good.size(); ++length)
        CHECK(complaint(folder, good.substr(0, length)) != "none");
    CHECK(holds(complaint(folder, good.substr(0, good.size() - 1)), "need 16 bytes, and there are 15"));
    CHECK(holds(complaint(folder, ""), "is not a .npy file"));
    CHECK(holds(complaint(folder, "PK\x03\x04 and so on"), "archive"));
    CHECK(holds(complaint(folder, npy_with_header("{}", "", 9)), "version 9"));
    std::string long_header = npy_with_header("{}", "", 2);
    long_header[11] = '\x7f';
    CHECK(holds(complaint(folder, long_header), "promises a header"));

    CHECK(holds(with(header("'|O'", "False", "(2,)")), "Python objects"));
    CHECK(holds(with(header("'<V2'", "False", "(2,)")), "bfloat16"));
    CHECK(holds(with(header("'<i2'", "False", "(2,)")), "must hold float16, float32 or float64"));
    CHECK(holds(with(header("'<c8'", "False", "(2,)")), "must hold float16, float32 or float64"));
    CHECK(holds(with(header("'f4'", "False", "(2,)")), "must hold float16, float32 or float64"));
    CHECK(holds(with(header("[('x', '<f4')]", "False", "(2,)")), "several fields"));
    CHECK(holds(with(header("'<f4'", "false", "(2,)")), "True or False expected"));
    CHECK(holds(with(header("'<f4'", "False", "2")), "'(' expected"));
    CHECK(holds(with(header("'<f4'", "False", "(-2,)")), "a length expected"));
    CHECK(holds(with(header("'<f4'", "False", "(99999999999999999999,)")), "a length expected"));
    CHECK(holds(with(header("'<f4'", "False", "(4294967296, 4294967296)")), "no memory holds"));
    CHECK(holds(with(header("'<f4'", "False", "(0, 4294967296, 4294967296)")), "no memory holds"));
    CHECK(holds(with(header("'<f4'", "False", "(1000000, 1000000)")), "is cut off"));
    CHECK(holds(with("{'descr': '<f4', 'fortran_order': False}"), "no 'shape'"));
    CHECK(holds(with("{'descr': '<f4', 'shape': (2,)}"), "no 'fortran_order'"));
    CHECK(holds(with("{'fortran_order': False, 'shape': (2,)}"), "no 'descr'"));
    CHECK(holds(with("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}"), "unknown key 'x'"));
    CHECK(holds(with(header("'<f4'", "False", "(2,)") + " x"), "after its end"));
    CHECK(holds(with("{'descr': '<f4"), "a quoted name expected"));
    CHECK(holds(with(""), "'{' expected"));

    CHECK_THROWS_WITH_AS(cli::read_npy_header(folder / "absent.npy"),
                         doctest::Contains("absent.npy cannot be read: No such file"), UserError);
    CHECK_THROWS_WITH_AS(cli::read_npy_header(folder.path()), doctest::Contains("is a folder"), UserError);
}
