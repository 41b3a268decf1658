// One session, many threads: what runtime/session.hpp promises of them. Meant for the thread sanitizer as
// well.

#include "runtime/device_search.hpp"
#include "tests/runtime/host_device.hpp"
#include "tests/runtime/support.hpp"

#include <atomic>
#include <thread>

using namespace chela;
using namespace chela::test;

namespace {

struct Setup {
    TemporaryFolder folder;
    Session session{{std::make_unique<HostDevice>(), "on the test device"}, options(folder)};

    static Options options(const TemporaryFolder& folder) {
        Options options;
        options.cache_folder = folder.path();
        return options;
    }
};

template <class Work>
void on_threads(int count, const Work& work) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < count; ++t) threads.emplace_back([&work, t] { work(t); });
}

/// Launches y = 0.3 x on tensors of its own; whether y is right.
bool launches(const Op& op, float value) {
    Arguments arguments = op.arguments();
    const auto elements = static_cast<std::size_t>(op.problem().dim("batch") * op.problem().dim("length") *
                                                   op.problem().dim("heads") * op.problem().dim("dim"));
    std::vector<float> x(elements, value), y(elements);
    std::vector<float> workspace(op.workspace_bytes(arguments) / sizeof(float));
    arguments.tensor("x", x.data()).tensor("y", y.data());
    arguments.workspace(workspace.data(), workspace.size() * sizeof(float));
    op.launch(nullptr, arguments);
    return y == std::vector<float>(elements, static_cast<float>(double{0.3f} * value));
}

} // namespace

TEST_CASE("session: threads that ask at once get operations that work, and are served from the table after") {
    Setup setup;
    constexpr int problems = 4;
    const auto problem = [](int number) { return scale_add(DType::fp32, 1, 5, 2, 8 * (number + 1)); };
    std::atomic<int> wrong = 0, notices = 0;
    const auto ask = [&](int thread) {
        for (int i = 0; i < 3 * problems; ++i) {
            const Op op = setup.session.get(problem((i + thread) % problems));
            if (!launches(op, static_cast<float>(thread + 1))) ++wrong;
            notices += static_cast<int>(setup.session.take_notices().size());
        }
    };
    on_threads(6, ask);
    CHECK(wrong == 0);
    CHECK(notices == 1); // of the device
    const int compiled = setup.session.compiled();
    CHECK(compiled >= problems);
    on_threads(6, ask);
    CHECK(wrong == 0);
    CHECK(setup.session.compiled() == compiled);
}

TEST_CASE("session: one operation is launched by many threads at once, each with arguments of its own") {
    Setup setup;
    const Op op = setup.session.get(scale_add(DType::fp32, 2, 9, 3));
    std::atomic<int> wrong = 0;
    on_threads(6, [&](int thread) {
        for (int i = 0; i < 20; ++i) wrong += !launches(op, static_cast<float>(thread * 20 + i));
    });
    CHECK(wrong == 0);
}

TEST_CASE("session: what is chosen while a search runs is not kept beyond it") {
    Setup setup;
    const Problem problem = scale_add(DType::fp32, 1, 8, 2);
    std::atomic<bool> tuned = false;
    std::atomic<int> wrong = 0;
    {
        const std::jthread tuning([&] {
            setup.session.tune(problem, {.trials = 3});
            tuned = true;
        });
        const std::jthread other([&] { setup.session.tune(scale_add(DType::bf16, 1, 8, 2), {.trials = 3}); });
        on_threads(3, [&](int thread) {
            while (!tuned) wrong += !launches(setup.session.get(problem), static_cast<float>(thread));
        });
    }
    CHECK(wrong == 0);
    CHECK(setup.session.get(problem).choice().kind == Choice::Kind::exact);
}
