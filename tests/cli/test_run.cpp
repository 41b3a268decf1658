// chela run on real files, compared with the definition in float64 loops written here.

#include "tests/cli/chela_program.hpp"
#include "tests/cli/npy_bytes.hpp"

#include <bit>
#include <cmath>
#include <doctest/doctest.h>

using namespace chela::tests;

namespace {

struct Attention {
    std::int64_t batch = 2, length = 70, heads = 3, head_dim = 16, value_dim = 24;
    bool causal = true;
    double scale = 0.25;

    Shape query_shape() const { return {batch, length, heads, head_dim}; }
    Shape value_shape() const { return {batch, length, heads, value_dim}; }
    Shape state_shape() const { return {batch, heads, head_dim, value_dim}; }
};

std::size_t count(const Shape& shape) {
    std::size_t product = 1;
    for (const auto length : shape) product *= static_cast<std::size_t>(length);
    return product;
}

struct Result {
    std::vector<double> o, state;
};

/// o_t = scale q_t S_t, S_t = S_{t-1} + k_t v_t^T; not causal: S of the whole sequence.
Result definition(const Attention& a, const std::vector<double>& q, const std::vector<double>& k,
                  const std::vector<double>& v, std::vector<double> state) {
    std::vector<double> o(count(a.value_shape()), 0);
    const auto row = [&](std::int64_t b, std::int64_t t, std::int64_t h) {
        return (b * a.length + t) * a.heads + h;
    };
    for (std::int64_t b = 0; b < a.batch; ++b)
        for (std::int64_t h = 0; h < a.heads; ++h) {
            double* s = state.data() + (b * a.heads + h) * a.head_dim * a.value_dim;
            const auto add = [&](std::int64_t t) {
                for (std::int64_t d = 0; d < a.head_dim; ++d)
                    for (std::int64_t e = 0; e < a.value_dim; ++e)
                        s[d * a.value_dim + e] +=
                            k[row(b, t, h) * a.head_dim + d] * v[row(b, t, h) * a.value_dim + e];
            };
            if (!a.causal)
                for (std::int64_t t = 0; t < a.length; ++t) add(t);
            for (std::int64_t t = 0; t < a.length; ++t) {
                if (a.causal) add(t);
                for (std::int64_t d = 0; d < a.head_dim; ++d)
                    for (std::int64_t e = 0; e < a.value_dim; ++e)
                        o[row(b, t, h) * a.value_dim + e] +=
                            a.scale * q[row(b, t, h) * a.head_dim + d] * s[d * a.value_dim + e];
            }
        }
    return {o, state};
}

double error(const std::vector<double>& out, const std::vector<double>& reference) {
    REQUIRE(out.size() == reference.size());
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        difference += (out[i] - reference[i]) * (out[i] - reference[i]);
        size += reference[i] * reference[i];
    }
    return std::sqrt(difference / size);
}

std::vector<double> rounded(std::vector<double> values, const std::string& type) {
    for (double& value : values)
        value = type == "f2" ? half_value(half_bits(value)) : static_cast<double>(static_cast<float>(value));
    return values;
}

/// Tokens first … first + count of a [batch, length, heads, dim] tensor.
std::vector<double> tokens(const std::vector<double>& all, const Shape& shape, std::int64_t first,
                           std::int64_t many) {
    const std::int64_t row = shape[2] * shape[3];
    std::vector<double> part;
    for (std::int64_t b = 0; b < shape[0]; ++b) {
        const auto begin = all.begin() + (b * shape[1] + first) * row;
        part.insert(part.end(), begin, begin + many * row);
    }
    return part;
}

} // namespace

TEST_CASE("run: every type and order of indices, causal and not, against float64 loops") {
    const TemporaryFolder folder;
    for (const bool causal : {true, false})
        for (const char* type : {"f2", "f4", "f8"})
            for (const bool fortran : {false, true}) {
                CAPTURE(causal);
                CAPTURE(type);
                CAPTURE(fortran);
                Attention a;
                a.causal = causal;
                const auto q = rounded(uniform(count(a.query_shape()), 1), type),
                           k = rounded(uniform(count(a.query_shape()), 2), type),
                           v = rounded(uniform(count(a.value_shape()), 3), type),
                           state = rounded(uniform(count(a.state_shape()), 4), "f4");
                const NpyStyle style{type, fortran, fortran, fortran ? 2 : 1};
                write_file(folder / "q.npy", npy_bytes(a.query_shape(), q, style));
                write_file(folder / "k.npy", npy_bytes(a.query_shape(), k, style));
                write_file(folder / "v.npy", npy_bytes(a.value_shape(), v, style));
                write_file(folder / "s.npy", npy_bytes(a.state_shape(), state, {"f4", fortran, false, 1}));
                const auto outcome = run_chela(
                    folder, {"run", "linear_attention", "--q", folder / "q.npy", "--k", folder / "k.npy",
                             "--v", folder / "v.npy", "--initial-state", folder / "s.npy", "--out",
                             folder / "o.npy", "--final-state", folder / "f.npy",
                             causal ? "--causal" : "--no-causal", "--scale", "0.25", "--json"});
                CAPTURE(outcome.err);
                REQUIRE(outcome.code == 0);
                const auto json = outcome.json();
                CHECK(json["problem"]["extents"] ==
                      nlohmann::ordered_json({{"batch", 2}, {"length", 70}, {"heads", 3}}));
                CHECK(json["problem"]["traits"]["head_dim"] == 16);
                CHECK(json["problem"]["traits"]["value_dim"] == 24);
                const bool half = std::string(type) == "f2";
                CHECK(json["problem"]["traits"]["dtype"] == (half ? "fp16" : "fp32"));
                CHECK(json["notes"].empty() == (std::string(type) != "f8"));
                const Result expected = definition(a, q, k, v, state);
                const NpyContent o = read_npy_bytes(read_file(folder / "o.npy")),
                                 f = read_npy_bytes(read_file(folder / "f.npy"));
                CHECK(o.literal.find(half ? "'<f2'" : "'<f4'") != std::string::npos);
                CHECK(o.shape == a.value_shape());
                CHECK(f.literal.find("'<f4'") != std::string::npos);
                CHECK(f.shape == a.state_shape());
                CHECK(error(o.values, expected.o) < (half ? 1.5e-3 : 1e-5));
                CHECK(error(f.values, expected.state) < (half ? 1.5e-3 : 1e-5));
            }
}

TEST_CASE("run: --dtype bf16 rounds float32 files, and the result is float32") {
    const TemporaryFolder folder;
    Attention a;
    a.scale = 1 / std::sqrt(16.0); // the default
    const auto q = uniform(count(a.query_shape()), 5), k = uniform(count(a.query_shape()), 6),
               v = uniform(count(a.value_shape()), 7);
    for (const auto& [name, shape, values] :
         {std::tuple("q.npy", a.query_shape(), q), std::tuple("k.npy", a.query_shape(), k),
          std::tuple("v.npy", a.value_shape(), v)})
        write_file(folder / name, npy_bytes(shape, values));
    const auto outcome =
        run_chela(folder, {"run", "linear_attention", "--q", folder / "q.npy", "--k", folder / "k.npy", "--v",
                           folder / "v.npy", "--o", folder / "o.npy", "--dtype", "bf16"});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(outcome.err.find("rounded to bf16") != std::string::npos);
    CHECK(outcome.out.find("o.npy: float32 of [2, 70, 3, 24]") != std::string::npos);
    const NpyContent o = read_npy_bytes(read_file(folder / "o.npy"));
    CHECK(o.literal.find("'<f4'") != std::string::npos);
    // The inputs are rounded here too, so more than the kernel's bound of 6e-3 may differ from the unrounded
    // definition.
    CHECK(error(o.values, definition(a, q, k, v, std::vector<double>(count(a.state_shape()), 0)).o) < 2e-2);
    for (const double value : o.values) {
        const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
        REQUIRE((bits & 0xffff) == 0); // a bf16 value
    }
}

TEST_CASE("run: a sequence in pieces with the state carried over is the whole") {
    const TemporaryFolder folder;
    const Attention a;
    const auto q = uniform(count(a.query_shape()), 8), k = uniform(count(a.query_shape()), 9),
               v = uniform(count(a.value_shape()), 10);
    std::vector<double> joined(count(a.value_shape()));
    const auto run = [&](std::int64_t first, std::int64_t many, const std::string& state_in,
                         const std::string& state_out) {
        for (const auto& [name, shape, values] :
             {std::tuple("q.npy", a.query_shape(), q), std::tuple("k.npy", a.query_shape(), k),
              std::tuple("v.npy", a.value_shape(), v)}) {
            Shape part = shape;
            part[1] = many;
            write_file(folder / name, npy_bytes(part, tokens(values, shape, first, many)));
        }
        std::vector<std::string> all{"run",    "linear_attention", "--q",           folder / "q.npy",
                                     "--k",    folder / "k.npy",   "--v",           folder / "v.npy",
                                     "--out",  folder / "o.npy",   "--final-state", folder / state_out,
                                     "--quiet"};
        if (!state_in.empty()) all.insert(all.end(), {"--initial-state", folder / state_in});
        const auto outcome = run_chela(folder, all);
        CAPTURE(outcome.err);
        REQUIRE(outcome.code == 0);
        CHECK(outcome.out.empty());
        CHECK(outcome.err.empty());
        return read_npy_bytes(read_file(folder / "o.npy")).values;
    };
    const auto whole = run(0, a.length, "", "whole.npy");
    std::int64_t first = 0;
    std::string state;
    for (const std::int64_t many : {1, 32, 0, 37}) {
        const std::string next = "state" + std::to_string(first) + "_" + std::to_string(many) + ".npy";
        const auto part = run(first, many, state, next);
        const std::int64_t row = a.heads * a.value_dim;
        for (std::int64_t b = 0; b < a.batch; ++b)
            std::copy_n(part.begin() + b * many * row, many * row,
                        joined.begin() + (b * a.length + first) * row);
        first += many;
        state = next;
    }
    CHECK(first == a.length);
    CHECK(error(joined, whole) < 1e-5);
    CHECK(error(read_npy_bytes(read_file(folder / state)).values,
                read_npy_bytes(read_file(folder / "whole.npy")).values) < 1e-5);
}
