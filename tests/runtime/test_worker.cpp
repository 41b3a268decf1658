// Real child processes that crash, hang and write garbage: each costs one candidate and nothing else.

#include "runtime/worker.hpp"

#include "codegen/error.hpp"
#include "tests/runtime/scale_add.hpp"

#include <cmath>
#include <csignal>
#include <doctest/doctest.h>
#include <filesystem>
#include <sstream>

using namespace chela;
using namespace chela::test;

namespace {

/// Built into the folder of this test.
std::string child_program() {
    return std::filesystem::read_symlink("/proc/self/exe")
        .replace_filename("chela_test_worker_child")
        .string();
}

class CompilingRunner final : public Runner {
  public:
    RunnerInfo info() const override {
        RunnerInfo info;
        info.device = "a device of the parent";
        return info;
    }
    Measurement compile(const Problem&, const Config&) override {
        Measurement measurement;
        measurement.compile_ms = 12;
        return measurement;
    }
    Measurement measure(const Problem&, const Config&, Effort) override {
        throw std::logic_error("the parent does not measure");
    }
};

struct Workers {
    explicit Workers(std::vector<std::string> arguments = {})
        : runner(local, child_program(), std::move(arguments), timeouts) {}
    WorkerTimeouts timeouts{.start = std::chrono::seconds(10),
                            .measure = std::chrono::milliseconds(300),
                            .first = std::chrono::milliseconds(600)};
    CompilingRunner local;
    WorkerRunner runner;
    Problem problem = scale_add(DType::bf16, 1, 8, 1);

    Measurement measure(Fault fault) {
        return runner.measure(problem, scale_add_config(fault), Effort::quick);
    }
    /// A candidate after it is measured by a child that works.
    void check_good() {
        const Measurement good = measure(Fault::none);
        CHECK_MESSAGE(good.status == Status::ok, good.detail);
        CHECK(good.median_ms == 8);
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

template <class Error, class Work>
std::string message_of(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing was thrown";
}

} // namespace

TEST_CASE(
    "one child measures many candidates; problem, configuration, effort and result survive the journey") {
    Workers workers;
    for (int i = 1; i <= 3; ++i) {
        const Measurement good = workers.runner.measure(scale_add(DType::fp16, 2, 100 + i, 3, 7),
                                                        scale_add_config(Fault::none), Effort::thorough);
        CHECK(good.status == Status::ok);
        CHECK(good.median_ms == 100 + i);
        CHECK(good.samples == i);
        CHECK(good.detail == "thorough");
    }
    const Measurement infinite = workers.measure(Fault::wrong_element);
    CHECK(std::isnan(infinite.relative_error)); // JSON has no infinity
    CHECK(workers.runner.children_started() == 1);
    CHECK(workers.runner.info().device == "a device of the parent");
    CHECK(workers.runner.compile(workers.problem, scale_add_config(Fault::none)).compile_ms == 12);
}

TEST_CASE("a child killed by a signal: crashed, with the signal and its last words") {
    Workers workers;
    workers.check_good();
    const Measurement dead = workers.measure(Fault::guard_after);
    CHECK(dead.status == Status::crashed);
    CHECK_MESSAGE(contains(dead.detail, "signal 11"), dead.detail);
    CHECK_MESSAGE(contains(dead.detail, "about to fall"), dead.detail);
    workers.check_good();
    CHECK(workers.runner.children_started() == 2);
}

TEST_CASE("a child that exits: crashed, with the exit code") {
    Workers workers;
    const Measurement gone = workers.measure(Fault::last_head);
    CHECK(gone.status == Status::crashed);
    CHECK_MESSAGE(contains(gone.detail, "exit code 7"), gone.detail);
    workers.check_good();
}

TEST_CASE("a child that hangs is killed: hung; the first measurement of a problem may take longer") {
    Workers workers;
    const Measurement first = workers.measure(Fault::missing_row);
    CHECK(first.status == Status::hung);
    CHECK_MESSAGE(contains(first.detail, "600 ms"), first.detail);
    workers.check_good();
    const Measurement later = workers.measure(Fault::missing_row);
    CHECK(later.status == Status::hung);
    CHECK_MESSAGE(contains(later.detail, "300 ms"), later.detail);
    workers.check_good();
    CHECK(workers.runner.children_started() == 3);
}

TEST_CASE("garbage on the child's standard output: crashed, with what it wrote") {
    Workers workers;
    const Measurement garbage = workers.measure(Fault::gap);
    CHECK(garbage.status == Status::crashed);
    CHECK_MESSAGE(contains(garbage.detail, "Hello from a kernel"), garbage.detail);
    workers.check_good();
}

TEST_CASE("JSON that is no measurement: crashed") {
    Workers workers;
    const Measurement odd = workers.measure(Fault::odd_length);
    CHECK(odd.status == Status::crashed);
    CHECK_MESSAGE(contains(odd.detail, "splendid"), odd.detail);
    workers.check_good();
}

TEST_CASE("a candidate that leaves the device unusable is crashed and gets the child replaced") {
    Workers workers;
    const Measurement broken = workers.measure(Fault::breaks_device);
    CHECK(broken.status == Status::crashed);
    CHECK(broken.detail == "an illegal access");
    workers.check_good();
    CHECK(workers.runner.children_started() == 2);
}

TEST_CASE("errors that are no candidate's fault are thrown, each as its kind") {
    Workers workers;
    CHECK(message_of<UserError>([&] { workers.measure(Fault::ignores_carry); }) ==
          "length is 8; it must be 9");
    workers.check_good();
    CHECK(message_of<DeviceError>([&] { workers.measure(Fault::throws_launch); }) ==
          "no memory for the problem");
    workers.check_good();
}

TEST_CASE("a child that died between two candidates is replaced without blame") {
    Workers workers;
    workers.check_good();
    Workers other;
    other.check_good();
    // Kills the one child of this process that `workers` has, as an operator or the kernel's OOM killer
    // would.
    kill(workers.runner.child_pid(), SIGKILL);
    usleep(100'000);
    workers.check_good();
    CHECK(workers.runner.children_started() == 2);
    CHECK(other.runner.children_started() == 1);
}

TEST_CASE("a worker that does not start is an error that says why") {
    CompilingRunner local;
    WorkerRunner absent(local, "/nowhere/chela", {});
    const Problem problem = scale_add(DType::bf16, 1, 8, 1);
    const auto measure = [&](WorkerRunner& runner) {
        return message_of<DeviceError>(
            [&] { runner.measure(problem, scale_add_config(Fault::none), Effort::quick); });
    };
    CHECK_MESSAGE(contains(measure(absent), "/nowhere/chela"), measure(absent));
    Workers garbage({"garbage"});
    CHECK_MESSAGE(contains(measure(garbage.runner), "chela 0.1"), measure(garbage.runner));
    Workers missing({"missing"});
    CHECK_MESSAGE(contains(measure(missing.runner), "exit code 3: libnothing.so: not found"),
                  measure(missing.runner));
    WorkerRunner mute(local, child_program(), {"mute"}, {.start = std::chrono::milliseconds(100)});
    CHECK_MESSAGE(contains(measure(mute), "not ready in 100 ms"), measure(mute));
}

TEST_CASE("the child's loop answers bad requests and goes on") {
    CompilingRunner runner;
    std::istringstream requests("nonsense\n{\"id\": 4}\n{\"id\": 5, \"problem\": {\"family\": \"other\"}}\n");
    std::ostringstream answers;
    CHECK(worker_main(requests, answers, runner, find_test_family) == 0);
    std::istringstream lines(answers.str());
    std::vector<Json> received;
    for (std::string line; std::getline(lines, line);) received.push_back(Json::parse(line));
    REQUIRE(received.size() == 4);
    CHECK(received[0] == Json{{"ready", true}});
    for (int i = 1; i < 4; ++i) CHECK(received[i]["error"]["kind"] == "user");
    CHECK(received[2]["id"] == 4);
    CHECK(received[3]["id"] == 5);
    CHECK(contains(received[3]["error"]["message"], "other"));
}
