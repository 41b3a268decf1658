// Deliberately broken kernels: each is caught, with a report that names what is wrong and where.

#include "codegen/error.hpp"
#include "tests/runtime/emulated_kernel.hpp"

#include <numeric>

using namespace chela;
using namespace chela::testing;

namespace {

struct Arguments {
    const float* input;
    float* output;
    int length;
};

struct Fixture {
    std::string target = "emulator:sm_80";
    emulator::Options options;
    LaunchPlan plan{{1, {}}, 64, 4096, 1};
    std::int64_t grid = 1;
    std::size_t elements = 128;
    int length = 0;
};

/// What the emulator says of tests/runtime/broken_kernels/NAME.cu; empty where it finds nothing wrong.
std::string report_of(const std::string& name, const Fixture& fixture) {
    const auto device = make_emulator_device(Target::parse(fixture.target), fixture.options);
    std::vector<float> values(fixture.elements);
    std::iota(values.begin(), values.end(), 0.0f);
    const DeviceVector<float> input(*device, values);
    const DeviceVector<float> output(*device, fixture.elements);
    const std::string path = "tests/runtime/broken_kernels/" + name + ".cu";
    try {
        run_emulated(*device, name, path, read_file(CHELA_SOURCE_DIR "/" + path), fixture.plan, fixture.grid,
                     Arguments{input.data(), output.data(), fixture.length});
    } catch (const DeviceError& error) {
        return error.what();
    }
    return {};
}

void check_mentions(const std::string& report, const std::vector<std::string>& texts) {
    INFO(report);
    for (const std::string& text : texts)
        CHECK_MESSAGE(report.find(text) != std::string::npos, "not found: ", text);
}

} // namespace

TEST_CASE("a missing sync_threads is a race") {
    Fixture fixture;
    fixture.options.check_races = true;
    check_mentions(report_of("missing_sync_threads", fixture),
                   {"race in shared memory", "missing_sync_threads.cu:16 (reverse)",
                    "kernel missing_sync_threads", "repeat with --target emulator:sm_80 --check race"});
}

TEST_CASE("a race that no order of the warps shows") {
    Fixture fixture;
    CHECK(report_of("shared_race", fixture) == "");
    fixture.options.check_races = true;
    check_mentions(
        report_of("shared_race", fixture),
        {"race in shared memory", "shared_race.cu:17 (sum_rounds)", "shared_race.cu:19 (sum_rounds)"});
}

TEST_CASE("a copy that nobody waits for") {
    Fixture fixture;
    for (const bool random : {false, true}) {
        fixture.options = {7, random, false};
        check_mentions(report_of("missing_copy_wait", fixture),
                       {"reads shared memory that an asynchronous copy is still filling: a wait is missing",
                        "missing_copy_wait.cu:19 (copy_through_shared)", "--seed 7"});
    }
}

TEST_CASE("a row beyond the end of a tensor") {
    Fixture fixture;
    fixture.grid = 2;
    fixture.elements = 7 * 16;
    check_mentions(
        report_of("out_of_bounds_row", fixture),
        {"reads 4 bytes of global memory out of bounds: 0 bytes after the end of an allocation of 448 bytes",
         "out_of_bounds_row.cu:15 (copy_rows)", "block 1, thread 48"});
}

TEST_CASE("a thread that leaves before a barrier") {
    Fixture fixture;
    fixture.length = 50;
    check_mentions(report_of("leaves_before_barrier", fixture),
                   {"leaves the kernel before a barrier", "leaves_before_barrier.cu:16 (reverse)"});
    fixture.length = 64;
    CHECK(report_of("leaves_before_barrier", fixture) == "");
}

TEST_CASE("a barrier that not all threads reach is a report, not a hang") {
    check_mentions(report_of("divergent_barriers", Fixture{}),
                   {"a barrier that not all threads reach", "threads 0 to 31: waiting at named_barrier_sync",
                    "threads 32 to 63: waiting at named_barrier_sync", "divergent_barriers.cu:14",
                    "divergent_barriers.cu:16"});
}

TEST_CASE("more shared memory than there is") {
    Fixture fixture;
    fixture.length = 1024 - 63;
    check_mentions(report_of("too_much_shared", fixture),
                   {"writes 4 bytes at offset 4096 of shared memory, out of bounds: the block has 4096 bytes",
                    "too_much_shared.cu:15 (use_far_memory)", "thread 63"});
    fixture.length = 1024 - 64;
    CHECK(report_of("too_much_shared", fixture) == "");
    fixture.plan.shared_bytes = 163 * 1024 + 1;
    check_mentions(
        report_of("too_much_shared", fixture),
        {"kernel too_much_shared asks for 166913 bytes of shared memory a block; sm_80 has 166912"});
}

TEST_CASE("an access that is not aligned to its size") {
    check_mentions(report_of("misaligned_access", Fixture{}),
                   {"global memory misaligned", "misaligned_access.cu:14 (copy_shifted)"});
}
