#include "runtime/device_runner.hpp"

#include "codegen/error.hpp"
#include "tests/runtime/host_device.hpp"
#include "tests/runtime/support.hpp"

#include <doctest/doctest.h>

using namespace chela;
using namespace chela::test;

namespace {

struct Setup {
    TemporaryFolder folder;
    HostDevice device;
    BinaryCache cache{folder.path()};
    DeviceRunner runner{device, cache};
    Problem problem = scale_add(DType::bf16, 2, 40, 3);
    Measurement measure(Fault fault, Effort effort = Effort::quick) {
        return runner.measure(problem, scale_add_config(fault), effort);
    }
};

} // namespace

TEST_CASE("a right candidate is verified, then timed") {
    Setup setup;
    const Measurement quick = setup.measure(Fault::none);
    CHECK_MESSAGE(quick.status == Status::ok, quick.detail);
    CHECK(quick.median_ms == 1); // on the clock of the test device
    CHECK(quick.spread_ms == 0);
    CHECK(quick.relative_error > 0);
    CHECK(quick.compile_ms == 1);
    const Measurement thorough = setup.measure(Fault::none, Effort::thorough);
    CHECK(thorough.samples > quick.samples);
    CHECK(thorough.compile_ms == 0); // from the cache
}

TEST_CASE("what is compiled once is found by another runner on the same cache") {
    Setup setup;
    const Config config = scale_add_config(Fault::none);
    CHECK(setup.runner.compile(setup.problem, config).compile_ms == 1);
    CHECK(setup.runner.compile(setup.problem, config).compile_ms == 0);
    DeviceRunner other(setup.device, setup.cache);
    CHECK(other.measure(setup.problem, config, Effort::quick).status == Status::ok);
    CHECK(setup.device.compiled() == 1);
    CHECK(other.loader().counters().compiled == 0);
    CHECK(other.loader().counters().cache_hits == 1);
    CHECK(setup.runner.loader().counters().compiled == 1);
}

TEST_CASE("each failure has its status, and the next candidate is measured") {
    Setup setup;
    const Measurement wrong = setup.measure(Fault::last_head);
    CHECK(wrong.status == Status::wrong);
    CHECK(wrong.samples == 0); // a wrong candidate has no time
    CHECK_MESSAGE(wrong.detail.find("seed 1") != std::string::npos, wrong.detail);

    const Measurement refused = setup.measure(Fault::compile_error);
    CHECK(refused.status == Status::compile_error);
    CHECK(refused.detail == "scale_add.cu(7): error: an error on purpose");
    CHECK(setup.runner.compile(setup.problem, scale_add_config(Fault::compile_error)).status ==
          Status::compile_error);

    const Measurement failed = setup.measure(Fault::throws_launch);
    CHECK(failed.status == Status::launch_error);
    CHECK(failed.detail == "launch failure on purpose");

    const Measurement unsteady = setup.measure(Fault::unsteady);
    CHECK(unsteady.status == Status::unstable);
    CHECK(unsteady.spread_ms > 0.5 * unsteady.median_ms);

    CHECK(setup.measure(Fault::none).status == Status::ok);
}

TEST_CASE("a candidate that breaks the device is crashed; what follows in this process throws") {
    Setup setup;
    CHECK(setup.measure(Fault::breaks_device).status == Status::crashed);
    CHECK_THROWS_AS(setup.measure(Fault::none), DeviceError);
}
