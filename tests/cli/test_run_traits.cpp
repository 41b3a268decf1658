// chela run with decay, the normaliser, a feature map and packed sequences, compared with float64 loops
// written here; and what it refuses of their files.

#include "tests/cli/chela_program.hpp"
#include "tests/cli/npy_bytes.hpp"

#include <cmath>
#include <doctest/doctest.h>

using namespace chela::tests;

namespace {

constexpr std::int64_t heads = 3, dim = 16, length = 90;
const std::vector<double> offsets{0, 1, 1, 40, 90};
const Shape token_shape{1, length, heads, dim}, gate_shape{1, length, heads};

struct Files {
    TemporaryFolder folder;
    std::vector<double> q, k, v, gate, decay;

    Files() {
        const std::size_t count = length * heads * dim;
        q = uniform(count, 1), k = uniform(count, 2), v = uniform(count, 3);
        gate = uniform(length * heads, 4);
        for (double& g : gate) g = -std::abs(g);
        decay = {0, 0.125, 0.5};
        for (auto* values : {&q, &k, &v, &gate})
            for (double& value : *values) value = static_cast<double>(static_cast<float>(value));
        save("q", token_shape, q), save("k", token_shape, k), save("v", token_shape, v);
        save("gate", gate_shape, gate), save("decay", {heads}, decay);
        save("offsets", {5}, offsets, {"i8", false, false, 1});
    }
    void save(const std::string& name, const Shape& shape, const std::vector<double>& values,
              const NpyStyle& style = {}) const {
        write_file(file(name), npy_bytes(shape, values, style));
    }
    std::string file(const std::string& name) const { return folder / (name + ".npy"); }
    std::vector<std::string> run(const std::vector<std::string>& options) const {
        std::vector<std::string> all{"run", "linear_attention", "--q",   file("q"), "--k", file("k"),
                                     "--v", file("v"),          "--out", file("o")};
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }
};

/// o_t = f(q_t)·S_t / (f(q_t)·z_t + 4 epsilon), S_t = a_t S_{t-1} + f(k_t) v_tᵀ, z_t = a_t z_{t-1} + f(k_t),
/// f = max(x, 0), scale = 1/4, each sequence from zero. Without `normalize` o_t = f(q_t)·S_t / 4.
template <class Decay>
std::vector<double> definition(const Files& files, const std::vector<double>& starts, bool normalize,
                               double epsilon, const Decay& log_a) {
    std::vector<double> o(files.v.size(), 0);
    const auto f = [](double x) { return x > 0 ? x : 0; };
    for (std::size_t sequence = 0; sequence + 1 < starts.size(); ++sequence)
        for (std::int64_t h = 0; h < heads; ++h) {
            std::vector<double> state(dim * dim, 0), sum(dim, 0);
            for (auto t = std::int64_t(starts[sequence]); t < std::int64_t(starts[sequence + 1]); ++t) {
                const std::int64_t row = (t * heads + h) * dim;
                const double a = std::exp(log_a(t, h));
                double denominator = epsilon * 4;
                for (std::int64_t d = 0; d < dim; ++d) {
                    const double key = f(files.k[row + d]), query = f(files.q[row + d]);
                    sum[d] = a * sum[d] + key;
                    denominator += query * sum[d];
                    for (std::int64_t e = 0; e < dim; ++e) {
                        state[d * dim + e] = a * state[d * dim + e] + key * files.v[row + e];
                        o[row + e] += query * state[d * dim + e];
                    }
                }
                for (std::int64_t e = 0; e < dim; ++e) o[row + e] /= normalize ? denominator : 4;
            }
        }
    return o;
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

} // namespace

TEST_CASE("run: gates, packed sequences, a feature map and the normaliser") {
    const Files files;
    const auto outcome =
        run_chela(files.folder,
                  files.run({"--decay", "scalar", "--gate", files.file("gate"), "--packed", "--cu-seqlens",
                             files.file("offsets"), "--feature-map", "relu", "--normalize", "--epsilon",
                             "0.01", "--final-normalizer", files.file("z"), "--json"}));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    const auto json = outcome.json();
    CHECK(json["problem"]["extents"] ==
          nlohmann::ordered_json({{"batch", 4}, {"length", length}, {"heads", heads}}));
    CHECK(json["notes"].empty());
    const NpyContent o = read_npy_bytes(read_file(files.file("o")));
    CHECK(o.shape == token_shape);
    CHECK(error(o.values, definition(files, offsets, true, 0.01, [&](std::int64_t t, std::int64_t h) {
                    return files.gate[t * heads + h];
                })) < 1e-5);
    const NpyContent z = read_npy_bytes(read_file(files.file("z")));
    CHECK(z.shape == Shape{4, heads, dim});
    for (std::int64_t i = heads * dim; i < 2 * heads * dim; ++i) CHECK(z.values[i] == 0); // an empty sequence
}

TEST_CASE("run: a decay of each head, whose file has another option than the trait") {
    const Files files;
    const auto outcome =
        run_chela(files.folder, files.run({"--decay", "per_head", "--decay-file", files.file("decay"),
                                           "--feature-map", "relu", "--quiet"}));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(error(read_npy_bytes(read_file(files.file("o"))).values,
                definition(files, {0, length}, false, 0,
                           [&](std::int64_t, std::int64_t h) { return -files.decay[h]; })) < 1e-5);
}

TEST_CASE("run: files that the traits ask for, do not use, or cannot mean") {
    const Files files;
    const auto refused = [&](const std::vector<std::string>& options, const std::vector<std::string>& parts) {
        const auto outcome = run_chela(files.folder, files.run(options));
        CHECK(outcome.code == 2);
        for (const std::string& part : parts)
            CHECK_MESSAGE(outcome.err.find(part) != std::string::npos, outcome.err);
        CHECK_FALSE(std::filesystem::exists(files.file("o")));
    };
    refused({"--decay", "scalar"}, {"--gate is missing"});
    refused({"--gate", files.file("gate")}, {"--gate", "gate.npy", "has no use for it", "decay=none"});
    refused({"--epsilon", "1"}, {"epsilon"});
    refused({"--decay", "scalar", "--no-causal", "--gate", files.file("gate")}, {"decay is 'scalar'"});
    refused({"--decay", "scalar", "--gate", files.file("q")}, {"q.npy", "3 dimensions"});
    refused({"--decay", "scalar", "--gate", files.file("offsets")}, {"holds int64", "float32"});

    const auto packed = [&](const std::vector<double>& values, const NpyStyle& style = {"i4"}) {
        files.save("bad", {static_cast<std::int64_t>(values.size())}, values, style);
        return std::vector<std::string>{"--packed", "--cu-seqlens", files.file("bad")};
    };
    refused(packed({0, 90}, {}), {"bad.npy holds float32", "int32 or int64"});
    refused(packed({0, 89}), {"bad.npy", "cu_seqlens[1] is 89", "the length of all sequences, 90"});
    refused(packed({1, 90}), {"cu_seqlens[0] is 1; it must be 0"});
    refused(packed({0, 50, 40, 90}), {"cu_seqlens[2] is 40; it must be at least 50"});
    refused(packed({0, 1e10}, {"i8"}), {"not in the range of int32"});
    refused(packed({}), {"its dimension 0 must be batch + 1"});

    auto gate = files.gate;
    gate[7] = 0.25;
    files.save("bad", gate_shape, gate);
    refused({"--decay", "scalar", "--gate", files.file("bad")}, {"bad.npy", "gate[7] is 0.25", "at most 0"});
    files.save("bad", {heads}, {1, -2, 3});
    refused({"--decay", "per_head", "--decay-file", files.file("bad")}, {"decay[1] is -2", "at least 0"});
}
