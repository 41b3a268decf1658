// The program that test_worker.cpp runs as a worker: the real loop of the child, around a runner that does
// what the candidate's fault says. With the argument "mute", "garbage" or "missing" it fails before it is
// ready.

#include "codegen/error.hpp"
#include "runtime/worker.hpp"
#include "tests/runtime/scale_add.hpp"

#include <csignal>
#include <cstdio>
#include <iostream>
#include <thread>
#include <unistd.h>

using namespace chela;
using chela::test::Fault;

namespace {

class ObedientRunner final : public Runner {
  public:
    RunnerInfo info() const override { return {}; }
    Measurement compile(const Problem&, const Config&) override { return {}; }
    Measurement measure(const Problem& problem, const Config& config, Effort effort) override {
        Measurement measurement;
        measurement.samples = ++measured_;
        switch (static_cast<Fault>(config.values["fault"])) {
        case Fault::none:
            measurement.median_ms = static_cast<double>(problem.dim("length"));
            measurement.detail = to_string(effort);
            break;
        case Fault::guard_after: // dies
            std::fputs("about to fall\n", stderr);
            std::signal(SIGSEGV, SIG_DFL); // not a sanitizer's handler
            std::raise(SIGSEGV);
            break;
        case Fault::missing_row: // hangs
            std::this_thread::sleep_for(std::chrono::hours(1));
            break;
        case Fault::gap:
            std::cout << "Hello from a kernel\xff" << std::endl;
            break;
        case Fault::odd_length:
            std::cout << R"({"id": 1, "measurement": {"status": "splendid"}})" << std::endl;
            break;
        case Fault::last_head:
            _exit(7);
        case Fault::throws_launch:
            throw DeviceError("no memory for the problem");
        case Fault::ignores_carry:
            throw UserError("length is 8; it must be 9");
        case Fault::breaks_device:
            measurement.status = Status::crashed;
            measurement.detail = "an illegal access";
            break;
        default:
            measurement.relative_error = std::numeric_limits<double>::infinity();
            break;
        }
        return measurement;
    }

  private:
    int measured_ = 0;
};

} // namespace

int main(int argc, char** argv) {
    const std::string_view how = argc > 1 ? argv[1] : "";
    if (how == "mute") std::this_thread::sleep_for(std::chrono::hours(1));
    if (how == "garbage") std::cout << "chela 0.1" << std::endl;
    if (how == "missing") {
        std::fputs("libnothing.so: not found\n", stderr);
        return 3;
    }
    ObedientRunner runner;
    return worker_main(std::cin, std::cout, runner, test::find_test_family);
}
