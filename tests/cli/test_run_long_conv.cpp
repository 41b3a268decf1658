// chela run of a long convolution: the length of the kernel is the shape of a file.

#include "tests/cli/chela_program.hpp"
#include "tests/cli/npy_bytes.hpp"

#include <doctest/doctest.h>

using namespace chela::tests;

namespace {

constexpr std::int64_t length = 11, channels = 3, kernel_length = 7;

struct Files {
    TemporaryFolder folder;
    std::vector<double> x = uniform(length * channels, 1), kernel = uniform(channels * kernel_length, 2),
                        backward = uniform(channels * kernel_length, 3), skip = uniform(channels, 4);

    Files() {
        write_file(folder / "x.npy", npy_bytes({1, length, channels}, x));
        write_file(folder / "kernel.npy", npy_bytes({channels, kernel_length}, kernel));
        write_file(folder / "backward.npy", npy_bytes({channels, kernel_length}, backward));
        write_file(folder / "skip.npy", npy_bytes({channels}, skip));
    }
    Outcome run(const std::vector<std::string>& more) const {
        std::vector<std::string> all{"run",      "long_conv",           "--x",   folder / "x.npy",
                                     "--kernel", folder / "kernel.npy", "--out", folder / "y.npy"};
        all.insert(all.end(), more.begin(), more.end());
        return run_chela(folder, all);
    }
    double input(std::int64_t token, std::int64_t channel) const {
        return token < 0 || token >= length ? 0 : x[static_cast<std::size_t>(token * channels + channel)];
    }
    double expected(std::int64_t token, std::int64_t channel, bool both) const {
        double sum = both ? skip[static_cast<std::size_t>(channel)] * input(token, channel) : 0;
        for (std::int64_t m = 0; m < kernel_length; ++m) {
            const auto at = static_cast<std::size_t>(channel * kernel_length + m);
            sum += input(token - m, channel) * kernel[at];
            if (both && m > 0) sum += input(token + m, channel) * backward[at];
        }
        return sum;
    }
    void check(bool both) const {
        const std::vector<double> y = read_npy_bytes(read_file(folder / "y.npy")).values;
        REQUIRE(y.size() == length * channels);
        for (std::int64_t i = 0; i < length * channels; ++i)
            REQUIRE(y[static_cast<std::size_t>(i)] ==
                    doctest::Approx(expected(i / channels, i % channels, both)).epsilon(1e-4));
    }
};

} // namespace

TEST_CASE("run: a long convolution, causal and in both directions") {
    const Files files;
    const auto causal = files.run({"--json"});
    CAPTURE(causal.err);
    REQUIRE(causal.code == 0);
    CHECK(causal.json()["problem"]["extents"]["kernel_length"] == kernel_length);
    files.check(false);
    const auto both = files.run({"--bidirectional", "--kernel-backward", files.folder / "backward.npy",
                                 "--skip", "--skip-file", files.folder / "skip.npy"});
    CAPTURE(both.err);
    REQUIRE(both.code == 0);
    files.check(true);
}

TEST_CASE("run: files that a long convolution cannot be made of are refused") {
    const Files files;
    const auto refused = [&](const std::vector<std::string>& more, const std::string& why) {
        const auto outcome = files.run(more);
        CHECK(outcome.code == 2);
        CHECK_MESSAGE(outcome.err.find(why) != std::string::npos, outcome.err);
    };
    const std::string other = files.folder / "other.npy";
    write_file(other, npy_bytes({channels, 5}, std::vector<double>(channels * 5)));
    refused({"--bidirectional", "--kernel-backward", other}, "kernel_length is 5 in ");
    refused({"--bidirectional"}, "kernel-backward");
}
