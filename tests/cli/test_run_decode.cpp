// chela run of tensors that are updated in place: read from one file, written to another.

#include "tests/cli/chela_program.hpp"
#include "tests/cli/npy_bytes.hpp"

#include <cmath>
#include <doctest/doctest.h>

using namespace chela::tests;

namespace {

constexpr std::int64_t batch = 2, tokens = 5, heads = 3, head_dim = 16, value_dim = 24;

std::size_t count(const Shape& shape) {
    std::size_t product = 1;
    for (const auto length : shape) product *= static_cast<std::size_t>(length);
    return product;
}

/// Tokens first … first + many of a [batch, tokens, heads, dim] tensor.
std::vector<double> part(const std::vector<double>& all, std::int64_t dim, std::int64_t first,
                         std::int64_t many) {
    std::vector<double> result;
    for (std::int64_t b = 0; b < batch; ++b) {
        const auto begin = all.begin() + (b * tokens + first) * heads * dim;
        result.insert(result.end(), begin, begin + many * heads * dim);
    }
    return result;
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

struct Files {
    TemporaryFolder folder;
    std::vector<double> q = uniform(count({batch, tokens, heads, head_dim}), 1),
                        k = uniform(count({batch, tokens, heads, head_dim}), 2),
                        v = uniform(count({batch, tokens, heads, value_dim}), 3),
                        state = uniform(count({batch, heads, head_dim, value_dim}), 4);

    Files() {
        write_file(folder / "state.npy", npy_bytes({batch, heads, head_dim, value_dim}, state));
        write(0, tokens);
    }
    void write(std::int64_t first, std::int64_t many) const {
        write_file(folder / "q.npy",
                   npy_bytes({batch, many, heads, head_dim}, part(q, head_dim, first, many)));
        write_file(folder / "k.npy",
                   npy_bytes({batch, many, heads, head_dim}, part(k, head_dim, first, many)));
        write_file(folder / "v.npy",
                   npy_bytes({batch, many, heads, value_dim}, part(v, value_dim, first, many)));
    }
    Outcome run(const std::string& family, const std::vector<std::string>& more) const {
        std::vector<std::string> all{"run",   family,           "--q", folder / "q.npy",
                                     "--k",   folder / "k.npy", "--v", folder / "v.npy",
                                     "--out", folder / "o.npy"};
        all.insert(all.end(), more.begin(), more.end());
        return run_chela(folder, all);
    }
    std::vector<double> read(const std::string& name) const {
        return read_npy_bytes(read_file(folder / name)).values;
    }
};

} // namespace

TEST_CASE("run: steps of a decode from file to file are the sequence") {
    const Files files;
    REQUIRE(files
                .run("linear_attention", {"--initial-state", files.folder / "state.npy", "--final-state",
                                          files.folder / "expected.npy"})
                .code == 0);
    const std::vector<double> expected = files.read("o.npy");
    std::int64_t first = 0;
    for (const std::int64_t many : {1, 3, 1}) {
        files.write(first, many);
        const auto outcome = files.run("linear_attention_decode",
                                       {"--state", files.folder / "state.npy", "--state-out",
                                        files.folder / "state.npy", "--json"}); // over the file that it read
        CAPTURE(outcome.err);
        REQUIRE(outcome.code == 0);
        const auto json = outcome.json();
        CHECK(json["notes"].empty());
        REQUIRE(json["outputs"].size() == 2);
        CHECK(json["outputs"][1]["tensor"] == "state");
        CHECK(json["problem"]["extents"]["tokens"] == many);
        CHECK(error(files.read("o.npy"), part(expected, value_dim, first, many)) < 1e-5);
        first += many;
    }
    CHECK(error(files.read("state.npy"), files.read("expected.npy")) < 1e-5);
}

TEST_CASE("run: a step whose state is not kept says so, and impossible files are refused") {
    const Files files;
    const std::string state = files.folder / "state.npy";
    const auto unkept = files.run("linear_attention_decode", {"--state", state});
    CHECK(unkept.code == 0);
    CHECK(unkept.err.find("the updated state is not kept: there is no --state-out") != std::string::npos);
    CHECK(files.read("state.npy").front() == doctest::Approx(files.state.front()));
    const auto refused = [&](const std::vector<std::string>& more, const std::string& why) {
        const auto outcome = files.run("linear_attention_decode", more);
        CHECK(outcome.code == 2);
        CHECK_MESSAGE(outcome.err.find(why) != std::string::npos, outcome.err);
    };
    refused({}, "--state is missing");
    refused({"--state", state, "--normalizer-out", files.folder / "z.npy"}, "--normalizer-out");
    refused({"--state", state, "--state-out", files.folder / "nowhere/s.npy"}, "there is no folder");
}

TEST_CASE("run: states of a pool, by index, rounded to bf16 between the steps") {
    const Files files;
    write_file(files.folder / "pool.npy", npy_bytes({4, heads, head_dim, value_dim},
                                                    uniform(count({4, heads, head_dim, value_dim}), 5)));
    write_file(files.folder / "index.npy", npy_bytes({batch}, {3, -1}, {"i8"}));
    const auto outcome =
        files.run("linear_attention_decode",
                  {"--indexed", "--state-index", files.folder / "index.npy", "--state-dtype", "bf16",
                   "--state", files.folder / "pool.npy", "--state-out", files.folder / "after.npy"});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    const std::vector<double> o = files.read("o.npy"), before = files.read("pool.npy"),
                              after = files.read("after.npy");
    const std::size_t slot = before.size() / 4, row = o.size() / batch;
    bool written = false, other = false;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const bool changed = std::abs(after[i] - before[i]) > 0.01; // more than the rounding
        (i / slot == 3 ? written : other) |= changed;
    }
    CHECK(written);
    CHECK_FALSE(other);
    for (std::size_t i = 0; i < row; ++i) REQUIRE(o[row + i] == 0);
    CHECK(o[0] != 0);
}
