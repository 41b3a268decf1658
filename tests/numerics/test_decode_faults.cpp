// A verification sees what a wrong kernel does to a tensor that is updated in place: the CPU's own kernel
// with a line of it changed.

#include "runtime/cpu_device.hpp"
#include "runtime/verify.hpp"

#include <chela/chela.hpp>
#include <doctest/doctest.h>

using namespace chela;

namespace {

const Problem problem = LinearAttentionDecode{.head_dim = 32,
                                              .value_dim = 48,
                                              .dtype = DType::fp32,
                                              .normalize = true,
                                              .indexed = true,
                                              .batch = 3,
                                              .tokens = 2,
                                              .heads = 2,
                                              .pool = 4};

struct Bench {
    std::unique_ptr<Device> device = make_cpu_device();
    Verifier verifier{*device};

    VerifyResult verify(const std::string& from, const std::string& to, Layout layout = Layout::contiguous) {
        const Config config = default_config(device->target(), problem);
        Program program = config.algorithm->generate(device->target(), problem.traits, config.values);
        LoadedProgram loaded;
        for (Kernel& kernel : program.kernels) {
            if (const auto at = kernel.source.find(from); at != std::string::npos)
                kernel.source.replace(at, from.size(), to);
            else
                FAIL("the kernel no longer holds the line: ", from);
            loaded.kernels.push_back(device->load(kernel, device->compile(kernel)));
        }
        return verifier.verify(problem, {.layout = layout}, program, loaded);
    }
};

} // namespace

TEST_CASE("faults of an update in place are seen, and the next candidate starts from the same state") {
    Bench bench;
    struct Fault {
        const char *from, *to, *reason;
    };
    const std::string slot = "const long long slot = arguments.state_index[batch];";
    const Fault faults[] = {
        {"store_state<Config>(state[row + i]", "if (false) store_state<Config>(state[row + i]",
         "state: relative error"},
        {"unpack_rows<Config::head_dim>(normalizer", "if (false) unpack_rows<Config::head_dim>(normalizer",
         "normalizer: relative error"},
        {slot.c_str(), "const long long slot = batch;", "relative error"},
        {"arguments.state + slot *", "arguments.state + (slot + 1) *", "written"},
    };
    for (const auto& [from, to, reason] : faults) {
        const VerifyResult wrong = bench.verify(from, to);
        CAPTURE(to);
        CHECK_FALSE(wrong.passed);
        CHECK_MESSAGE(wrong.detail.find(reason) != std::string::npos, wrong.detail);
        const VerifyResult right = bench.verify(slot, slot);
        CHECK_MESSAGE(right.passed, right.detail);
    }
    for (const Layout layout : {Layout::heads_first, Layout::padded_rows})
        CHECK(bench.verify(slot, slot, layout).passed);
    // What lies beside the rows is not the state's.
    const VerifyResult gap = bench.verify("store_state<Config>(state[row + i]",
                                          "store_state<Config>(state[row + i] + 1", Layout::padded_rows);
    CHECK_FALSE(gap.passed);
    CHECK_MESSAGE(gap.detail.find("state: written") != std::string::npos, gap.detail);
}
