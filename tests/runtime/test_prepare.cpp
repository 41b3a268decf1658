// What is prepared once and used by many launches.

#include "runtime/device_runner.hpp"
#include "runtime/device_search.hpp"
#include "tests/runtime/host_device.hpp"
#include "tests/runtime/support.hpp"

using namespace chela;
using namespace chela::test;

namespace {

constexpr std::int64_t batch = 2, heads = 3, dim = 16;

/// y = 0.3 x + carry of one token, with x = 0: y is the carry that was prepared.
struct Setup {
    TemporaryFolder folder;
    HostDevice* device = nullptr;
    Session session = make_session();
    Problem problem = scale_add(DType::fp32, batch, 1, heads, dim);
    std::vector<float> x = std::vector<float>(batch * heads * dim), carry = x, y = x,
                       workspace = std::vector<float>(1024);

    Session make_session() {
        auto owned = std::make_unique<HostDevice>();
        device = owned.get();
        Options options;
        options.cache_folder = folder.path();
        return Session({std::move(owned), "on the test device"}, options);
    }
    Op op(Fault fault = Fault::prepares) { return session.get(problem, scale_add_config(fault)); }
    Arguments arguments(const Op& op) {
        Arguments arguments = op.arguments();
        arguments.tensor("x", x.data()).tensor("carry", carry.data()).tensor("y", y.data());
        arguments.workspace(workspace.data(), workspace.size() * sizeof(float));
        return arguments;
    }
};

} // namespace

TEST_CASE("prepare: launches use what was prepared, a launch without it prepares for itself") {
    Setup setup;
    const Op op = setup.op();
    Arguments arguments = setup.arguments(op);
    setup.carry[5] = 2;
    const int before = setup.device->allocations;
    {
        Prepared prepared = op.prepare(nullptr, arguments);
        CHECK(prepared.bytes() == batch * heads * dim * 4);
        CHECK(setup.device->allocations == before + 1);
        setup.carry[5] = 3; // too late for it
        const Prepared moved = std::move(prepared);
        for (int launch = 0; launch < 2; ++launch) {
            setup.y[5] = 0;
            op.launch(nullptr, arguments, moved);
            CHECK(setup.y[5] == 2);
        }
        op.launch(nullptr, arguments);
        CHECK(setup.y[5] == 3);
        op.launch(nullptr, arguments, moved);
        CHECK(setup.y[5] == 2);
    }
    CHECK(setup.device->allocations == before);
}

TEST_CASE("prepare: the workspace of a launch that prepares for itself has room for it") {
    Setup setup;
    const Op op = setup.op();
    Arguments arguments = setup.arguments(op);
    const Prepared prepared = op.prepare(nullptr, arguments);
    const std::size_t own = scale_add_workspace * 4 * batch * heads;
    CHECK(op.workspace_bytes(arguments, prepared) == own);
    CHECK(op.workspace_bytes(arguments) == own + prepared.bytes());
    arguments.workspace(setup.workspace.data(), own);
    op.launch(nullptr, arguments, prepared);
    CHECK(message_of<UserError>([&] { op.launch(nullptr, arguments); }) ==
          "workspace has 96 bytes; it must have 480");
}

TEST_CASE("prepare: needs the tensors that it reads and no others") {
    Setup setup;
    const Op op = setup.op();
    Arguments arguments = op.arguments();
    arguments.tensor("carry", setup.carry.data());
    CHECK(op.prepare(nullptr, arguments).bytes() > 0);
    arguments.tensor("carry", reinterpret_cast<std::byte*>(setup.carry.data()) + 1);
    CHECK(message_of<UserError>([&] {
              (void)op.prepare(nullptr, arguments);
          }).starts_with("the address of carry is not a multiple of 4 bytes"));
}

TEST_CASE("prepare: what is of another operation or of other extents is refused") {
    Setup setup;
    const Op op = setup.op(), other = setup.op(Fault::none);
    Arguments arguments = setup.arguments(op);
    const Prepared nothing = other.prepare(nullptr, arguments), prepared = op.prepare(nullptr, arguments);
    CHECK(nothing.bytes() == 0);
    other.launch(nullptr, arguments, nothing);
    CHECK(message_of<UserError>([&] {
              op.launch(nullptr, arguments, nothing);
          }).starts_with("prepared is of another operation"));
    arguments.extent("heads", heads - 1);
    CHECK(message_of<UserError>([&] { op.launch(nullptr, arguments, prepared); }) ==
          "prepared is for heads = 3; the arguments have 2: prepare() again");
    arguments.extent("heads", heads).extent("length", 0);
    op.launch(nullptr, arguments, prepared); // the length does not matter to it
}

TEST_CASE("prepare: the tuner times the launches that use it, bench() the cold call too") {
    Setup setup;
    BinaryCache cache{setup.folder.path()};
    HostDevice device;
    DeviceRunner runner(device, cache);
    const Measurement measured =
        runner.measure(setup.problem, scale_add_config(Fault::prepares), Effort::quick);
    CHECK_MESSAGE(measured.status == Status::ok, measured.detail);
    CHECK(measured.median_ms == 1); // a launch takes 1 ms on the clock of the test device
    const BenchResult result = setup.session.bench(setup.op(), 5);
    CHECK(result.median_ms == 1);
    CHECK(result.cold_ms == 2);
    CHECK(result.prepared_bytes == batch * heads * dim * 4);
    CHECK(setup.session.bench(setup.op(Fault::none), 5).cold_ms == 0);
}
