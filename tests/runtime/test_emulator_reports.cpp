// Deliberately broken kernels: each is caught, with a report that names what is wrong and where.

#include "codegen/error.hpp"
#include "runtime/emulator/tensor_map.hpp"
#include "tests/runtime/emulated_kernel.hpp"

#include <bit>
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
    for (const std::uint64_t seed : {0u, 7u}) {
        fixture.options.seed = seed;
        check_mentions(report_of("missing_copy_wait", fixture),
                       {"reads shared memory that an asynchronous copy is still filling: a wait is missing",
                        "missing_copy_wait.cu:19 (copy_through_shared)",
                        seed ? "repeat with CHELA_EMULATOR_SEED=7 --target" : "repeat with --target"});
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

TEST_CASE("an mbarrier waited for in the wrong phase") {
    Fixture fixture;
    fixture.target = "emulator:sm_90a";
    CHECK(report_of("mbarrier_phase", fixture) == "");
    fixture.length = 1;
    check_mentions(report_of("mbarrier_phase", fixture),
                   {"reads shared memory that an asynchronous copy is still filling",
                    "mbarrier_phase.cu:27 (load_once)"});
}

TEST_CASE("an mbarrier that is promised more bytes than come") {
    Fixture fixture;
    fixture.target = "emulator:sm_90a";
    fixture.length = 256;
    CHECK(report_of("mbarrier_bytes", fixture) == "");
    fixture.length = 512;
    check_mentions(report_of("mbarrier_bytes", fixture),
                   {"a barrier that not all threads reach",
                    "threads 0 to 63: waiting at an mbarrier's phase of parity 0", "mbarrier_bytes.cu:26"});
}

TEST_CASE("a product that reads with another swizzle than TMA wrote with") {
    const auto device = make_emulator_device(Target::parse("emulator:sm_90a"));
    const DeviceVector<std::uint16_t> a(*device, std::vector<std::uint16_t>(64 * 64, 0x3f80));
    const DeviceVector<std::uint16_t> b(*device, std::vector<std::uint16_t>(64 * 64, 0x4000));
    const DeviceVector<float> output(*device, 64 * 64);
    struct {
        TensorMap a, b;
        float* output;
    } arguments;
    const std::uint64_t extents[] = {64, 64}, strides[] = {128};
    const std::uint32_t box[] = {64, 64}, ones[] = {1, 1};
    const auto map = [&](const void* address) {
        return emulator::encode_tensor_map(2, 2, address, extents, strides, box, ones,
                                           emulator::TensorSwizzle::bytes128,
                                           emulator::OutOfBoundsFill::zeros);
    };
    arguments.a = map(a.data()), arguments.b = map(b.data()), arguments.output = output.data();
    const std::string path = "tests/runtime/broken_kernels/wrong_swizzle.cu";
    std::string text = read_file(CHELA_SOURCE_DIR "/" + path);
    const auto run = [&]() -> std::string {
        try {
            run_emulated(*device, "wrong_swizzle", path, text, {{1, {}}, 128, 20480, 1}, 1, arguments);
        } catch (const DeviceError& error) {
            return error.what();
        }
        return {};
    };
    check_mentions(run(), {"wgmma reads operand B with a swizzle of 64 bytes at offset",
                           "where TMA wrote with a swizzle of 128 bytes", "wrong_swizzle.cu:32 (multiply)"});
    text.replace(text.find("Swizzle::bytes64"), 16, "Swizzle::bytes128"); // mended
    CHECK(run() == "");
    for (const float value : output.values()) CHECK(value == 128.0f);
}

TEST_CASE("a wrong swizzle between plain stores and ldmatrix shows in the result") {
    const auto device = make_emulator_device(Target::parse("emulator:sm_80"));
    std::vector<std::uint16_t> operands(24 * 64);
    std::vector<float> expected(16 * 8, 0.0f);
    const auto small = [](std::size_t i) { return static_cast<int>(i * 7 % 5) - 2; };
    for (std::size_t i = 0; i < operands.size(); ++i)
        operands[i] =
            static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(small(i))) >> 16);
    for (std::size_t row = 0; row < 16; ++row)
        for (std::size_t column = 0; column < 8; ++column)
            for (std::size_t k = 0; k < 64; ++k)
                expected[row * 8 + column] +=
                    static_cast<float>(small(row * 64 + k) * small((16 + column) * 64 + k));
    const DeviceVector<std::uint16_t> input(*device, operands);
    const DeviceVector<float> output(*device, 16 * 8);
    const std::string path = "tests/runtime/broken_kernels/wrong_swizzle_sm80.cu";
    for (const int mended : {0, 1}) {
        run_emulated(*device, "wrong_swizzle_sm80", path, read_file(CHELA_SOURCE_DIR "/" + path),
                     {{1, {}}, 32, 4096, 1}, 1,
                     Arguments{reinterpret_cast<const float*>(input.data()), output.data(), mended});
        CHECK((output.values() == expected) == (mended == 1));
    }
}
