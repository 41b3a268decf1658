#include "templates/long_conv/family.hpp"

#include "codegen/error.hpp"
#include "templates/long_conv/plan.hpp"
#include "templates/long_conv/reach.hpp"
#include "templates/long_conv/reference_fft.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>

namespace chela {

namespace {

bool is_bidirectional(const Values& traits) { return traits["bidirectional"] != 0; }

/// How many neighbouring inputs an output is made of.
std::int64_t inputs_of_an_output(const Values& traits, const Values& extents) {
    const std::int64_t taps =
        (is_bidirectional(traits) ? 2 : 1) * extents["kernel_length"] - (is_bidirectional(traits) ? 1 : 0);
    return std::min(taps, extents["length"]);
}

bool skips(const Values& traits) { return traits["skip"] != 0; }

class LongConvFamily final : public Family {
  public:
    std::string_view name() const override { return "long_conv"; }
    std::string_view summary() const override {
        return "depthwise convolution with a long kernel: y[l, c] = sum_m x[l - m, c] * kernel[c, m]";
    }

    const Schema& traits() const override {
        static const Schema schema = {
            Field::boolean("bidirectional", false,
                           "adds sum_m x[l + m, c] * kernel_backward[c, m] over m from 1 on"),
            Field::boolean("skip", false, "adds skip[c] * x[l, c]"),
            Field::choice(
                "state", {"none", "carried"}, 0,
                "the last K - 1 inputs: zeros; initial_state and final_state (a sequence in pieces)"),
            conv_layout_field(),
            Field::choice("dtype", {"bf16", "fp16", "fp32"}, 0, "element type of x and y"),
            conv_alignment_field(),
            reach_field(),
        };
        return schema;
    }

    const Schema& extents() const override {
        static const Schema schema = {
            Field::integer("batch", 0, 1 << 20, 1, "sequences B"),
            Field::integer("length", 0, 1 << 22, 1024, "tokens L of a sequence"),
            Field::integer("channels", 0, 1 << 20, 1024, "channels C"),
            Field::integer("kernel_length", 1, 1 << 22, 1024,
                           "entries K of a channel's kernel; those beyond the sequence meet zeros"),
        };
        return schema;
    }

    Values canonical(const Values& given, const Values& extents) const override {
        Values traits = given;
        if (carries(traits) && is_bidirectional(traits))
            throw UserError(
                "state is 'carried' and bidirectional is true; a state holds what came before, and "
                "more than that is needed: state must be none, or bidirectional false");
        set_conv_alignment(traits, extents);
        set_reach(traits, inputs_of_an_output(traits, extents));
        check_extents(traits, extents);
        return traits;
    }

    std::int64_t largest_extent(const Values& traits, const Values& extents,
                                const Field& extent) const override {
        if (extent.name != "kernel_length" || extents["length"] <= traits["reach"]) return extent.maximum;
        return is_bidirectional(traits) ? traits["reach"] / 2 : traits["reach"];
    }

    const std::vector<Scalar>& scalars() const override {
        static const std::vector<Scalar> none;
        return none;
    }

    const std::vector<TensorSpec>& tensors() const override {
        using Role = TensorSpec::Role;
        static const std::vector<std::string> tokens = {"batch", "length", "channels"},
                                              kernels = {"channels", "kernel_length"},
                                              states = {"batch", "kernel_length - 1", "channels"};
        static const std::vector<TensorSpec> list = {
            {"x", Role::input, false, tokens, "inputs"},
            {"kernel", Role::input, true, kernels, "what the inputs m tokens before are multiplied by"},
            {"kernel_backward", Role::input, true, kernels,
             "what the inputs m tokens after are multiplied by, m from 1 on", is_bidirectional},
            {"skip", Role::input, true, {"channels"}, "what the input itself is multiplied by", skips},
            {"y", Role::output, false, tokens, "outputs"},
            {"initial_state", Role::optional_input, true, states,
             "the inputs before the first token, the oldest first (default: zeros)", carries, false, "dtype"},
            {"final_state", Role::optional_output, true, states,
             "the last inputs, for the tokens that follow", carries, false, "dtype"},
        };
        return list;
    }

    std::vector<std::string> dims(const Values& traits, const TensorSpec& tensor) const override {
        return conv_dims(traits, tensor);
    }

    std::span<const Algorithm* const> algorithms() const override {
        static const Algorithm* const list[] = {&long_conv_fft_mma(),        &long_conv_fft(),
                                                &long_conv_fft_split(),      &long_conv_toeplitz_wgmma(),
                                                &long_conv_toeplitz_batch(), &long_conv_toeplitz(),
                                                &long_conv_direct(),         &long_conv_cpu_fft(),
                                                &long_conv_cpu_blocked()};
        return list;
    }

    void reference(const Problem& problem, const std::map<std::string, double>&,
                   HostTensors& tensors) const override {
        const auto extent = [&](const char* name) { return static_cast<std::size_t>(problem.extents[name]); };
        const auto data = [&](const char* name) { return data_of(tensors, name); };
        const auto output = [&](const char* name) { return add_output(tensors, problem, name); };
        long_conv_reference_of_any_length(
            {.batch = extent("batch"),
             .length = extent("length"),
             .channels = extent("channels"),
             .kernel_length = extent("kernel_length"),
             .channels_first = conv_layout(problem.traits) == ConvLayout::channels_first,
             .x = data("x"),
             .kernel = data("kernel"),
             .kernel_backward = data("kernel_backward"),
             .skip = data("skip"),
             .initial_state = data("initial_state"),
             .y = output("y"),
             .final_state = output("final_state")});
    }

    TestValue test_values(const Problem& problem, const TensorSpec& tensor, double scale) const override {
        double factor = tensor.name == "skip" ? 1 : scale;
        if (tensor.name.starts_with("kernel")) // y is about as large as x
            factor = 1 / std::sqrt(static_cast<double>(problem.extents["kernel_length"]));
        return [=](std::int64_t, double random) { return factor * random; };
    }

    const std::vector<std::string>& independent_extents() const override {
        static const std::vector<std::string> list = {"batch", "channels"};
        return list;
    }

    /// Products that the definition has, a kernel's entries beyond the sequence not among them.
    double operations(const Problem& problem, const Config&) const override {
        const auto length = static_cast<double>(problem.extents["length"]);
        const double reach = std::min(length, static_cast<double>(problem.extents["kernel_length"]));
        const double pairs = carries(problem.traits)
                                 ? length * static_cast<double>(problem.extents["kernel_length"])
                                 : reach * length - reach * (reach - 1) / 2;
        return 2 * static_cast<double>(problem.extents["batch"] * problem.extents["channels"]) *
               (is_bidirectional(problem.traits) ? 2 * pairs - length : pairs);
    }
};

} // namespace

bool carries(const Values& traits) { return conv_state(traits) == ConvState::carried; }

const Family& long_conv_family() {
    static const LongConvFamily family;
    return family;
}

} // namespace chela
