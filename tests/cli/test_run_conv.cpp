// chela run of a short convolution: the width is the shape of a file, states go from file to file.

#include "tests/cli/chela_program.hpp"
#include "tests/cli/npy_bytes.hpp"

#include <doctest/doctest.h>

using namespace chela::tests;

namespace {

constexpr std::int64_t length = 9, channels = 3, width = 4;

struct Files {
    TemporaryFolder folder;
    std::vector<double> x = uniform(length * channels, 1), weight = uniform(channels * width, 2),
                        bias = uniform(channels, 3);

    Files() {
        write_file(folder / "weight.npy", npy_bytes({channels, width}, weight));
        write_file(folder / "bias.npy", npy_bytes({channels}, bias));
        write_file(folder / "state.npy",
                   npy_bytes({1, channels, width - 1}, std::vector<double>(channels * (width - 1))));
        write(0, length);
    }
    void write(std::int64_t first, std::int64_t tokens) const {
        write_file(folder / "x.npy",
                   npy_bytes({1, tokens, channels},
                             {x.begin() + first * channels, x.begin() + (first + tokens) * channels}));
    }
    Outcome run(const std::vector<std::string>& more) const {
        std::vector<std::string> all{"run",
                                     "short_conv",
                                     "--x",
                                     folder / "x.npy",
                                     "--weight",
                                     folder / "weight.npy",
                                     "--bias",
                                     "--bias-file",
                                     folder / "bias.npy",
                                     "--out",
                                     folder / "y.npy"};
        all.insert(all.end(), more.begin(), more.end());
        return run_chela(folder, all);
    }
    std::vector<double> read(const std::string& name) const {
        return read_npy_bytes(read_file(folder / name)).values;
    }
    double expected(std::int64_t token, std::int64_t channel) const {
        double sum = bias[static_cast<std::size_t>(channel)];
        for (std::int64_t w = 0; w < width; ++w)
            if (const std::int64_t at = token - width + 1 + w; at >= 0)
                sum += x[static_cast<std::size_t>(at * channels + channel)] *
                       weight[static_cast<std::size_t>(channel * width + w)];
        return sum;
    }
    /// y.npy against the definition, from token `first` on.
    void check(std::int64_t first) const {
        const std::vector<double> y = read("y.npy");
        for (std::size_t i = 0; i < y.size(); ++i) {
            const auto at = static_cast<std::int64_t>(i);
            REQUIRE(y[i] == doctest::Approx(expected(first + at / channels, at % channels)).epsilon(1e-4));
        }
    }
};

} // namespace

TEST_CASE("run: a short convolution, whole and in pieces that hand their state on") {
    const Files files;
    const auto whole = files.run({"--json"});
    CAPTURE(whole.err);
    REQUIRE(whole.code == 0);
    CHECK(whole.json()["problem"]["traits"]["width"] == width);
    files.check(0);
    const std::string state = files.folder / "state.npy";
    files.write(0, 2);
    REQUIRE(files.run({"--state", "carried", "--initial-state", state, "--final-state", state}).code == 0);
    files.check(0);
    for (const std::int64_t first : {2, 5}) {
        files.write(first, first == 2 ? 3 : 4);
        REQUIRE(files.run({"--state", "in_place", "--state-file", state, "--state-file-out", state}).code ==
                0);
        files.check(first);
    }
    CHECK(files.read("state.npy").back() == doctest::Approx(files.x.back()).epsilon(1e-6));
}

TEST_CASE("run: files that a short convolution cannot be made of are refused") {
    const Files files;
    const auto refused = [&](const std::vector<std::string>& more, const std::string& why) {
        const auto outcome = files.run(more);
        CHECK(outcome.code == 2);
        CHECK_MESSAGE(outcome.err.find(why) != std::string::npos, outcome.err);
    };
    const std::string other = files.folder / "other.npy";
    refused({"--width", "5"}, "width is 4 in ");
    write_file(other, npy_bytes({1, channels, width}, std::vector<double>(channels * width)));
    refused({"--state", "in_place", "--state-file", other}, "width is 5 in ");
    write_file(other, npy_bytes({3}, {0, 4, 8}, {"i4"}));
    refused({"--packed", "--cu-seqlens", other},
            "cu_seqlens[2] is 8; it must be the length of all sequences, 9");
    refused({"--state", "carried", "--no-causal"}, "state is 'carried' and causal is false");
}
