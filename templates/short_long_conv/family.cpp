#include "templates/short_long_conv/family.hpp"

#include "codegen/error.hpp"
#include "templates/long_conv/reach.hpp"
#include "templates/short_long_conv/reference.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace chela {

namespace {

bool has_bias(const Values& traits) { return traits["bias"] != 0; }
bool skips(const Values& traits) { return traits["skip"] != 0; }

class ShortLongConvFamily final : public Family {
  public:
    std::string_view name() const override { return "short_long_conv"; }
    std::string_view summary() const override {
        return "short and long convolution, depthwise: y = long(act(short(x))), or act(long(x) + short(x))";
    }

    const Schema& traits() const override {
        static const Schema schema = {
            Field::choice("arrangement", {"sequential", "parallel"}, 0,
                          "y = long(act(short(x))), or y = act(long(x) + short(x)) by a merged kernel"),
            Field::integer("width", 2, 32, 4, "taps W of a channel's short kernel, causal"),
            Field::choice("activation", {"none", "silu"}, 1, "act"),
            Field::boolean("bias", false, "adds bias[c] to the short convolution"),
            Field::boolean("skip", false, "adds skip[c] times the input of the long convolution"),
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
            Field::integer("kernel_length", 32, 1 << 22, 1024,
                           "entries K of a channel's long kernel, no fewer than a short one may have; those "
                           "beyond the sequence meet zeros"),
        };
        return schema;
    }

    Values canonical(const Values& given, const Values& extents) const override {
        Values traits = given;
        if (has_bias(traits) && arrangement(traits) == Arrangement::parallel)
            throw UserError("bias is true and arrangement is 'parallel', which has none: bias must be false, "
                            "or arrangement sequential");
        set_conv_alignment(traits, extents);
        set_reach(traits, std::min(extents["length"], extents["kernel_length"]));
        check_extents(traits, extents);
        return traits;
    }

    std::int64_t largest_extent(const Values& traits, const Values& extents,
                                const Field& extent) const override {
        const bool bounded = extent.name == "kernel_length" && extents["length"] > traits["reach"];
        return bounded ? traits["reach"] : extent.maximum;
    }

    const std::vector<Scalar>& scalars() const override {
        static const std::vector<Scalar> none;
        return none;
    }

    const std::vector<TensorSpec>& tensors() const override {
        using Role = TensorSpec::Role;
        static const std::vector<std::string> tokens = {"batch", "length", "channels"};
        static const std::vector<TensorSpec> list = {
            {"x", Role::input, false, tokens, "inputs"},
            {"weight",
             Role::input,
             true,
             {"channels", "width"},
             "taps of the short kernel, the oldest first"},
            {"bias", Role::input, true, {"channels"}, "bias of the short convolution", has_bias},
            {"kernel",
             Role::input,
             true,
             {"channels", "kernel_length"},
             "what the inputs m tokens before are multiplied by in the long convolution"},
            {"skip", Role::input, true, {"channels"}, "what the input itself is multiplied by", skips},
            {"y", Role::output, false, tokens, "outputs"},
        };
        return list;
    }

    std::vector<std::string> dims(const Values& traits, const TensorSpec& tensor) const override {
        return conv_dims(traits, tensor);
    }

    std::span<const Algorithm* const> algorithms() const override { return short_long_conv_algorithms(); }

    void reference(const Problem& problem, const std::map<std::string, double>&,
                   HostTensors& tensors) const override {
        const auto extent = [&](const char* name) { return static_cast<std::size_t>(problem.dim(name)); };
        const auto data = [&](const char* name) { return data_of(tensors, name); };
        const bool first = conv_layout(problem.traits) == ConvLayout::channels_first;
        const ShortConvDefinition short_one{.batch = extent("batch"),
                                            .length = extent("length"),
                                            .channels = extent("channels"),
                                            .width = extent("width"),
                                            .history = extent("width") - 1,
                                            .pool = extent("batch"),
                                            .channels_first = first,
                                            .silu = problem.traits.text("activation") == "silu",
                                            .x = data("x"),
                                            .weight = data("weight"),
                                            .bias = data("bias")};
        const LongConvDefinition long_one{.batch = extent("batch"),
                                          .length = extent("length"),
                                          .channels = extent("channels"),
                                          .kernel_length = extent("kernel_length"),
                                          .channels_first = first,
                                          .x = data("x"),
                                          .kernel = data("kernel"),
                                          .skip = data("skip"),
                                          .y = add_output(tensors, problem, "y")};
        if (arrangement(problem.traits) == Arrangement::sequential)
            short_long_conv_sequential(short_one, long_one);
        else
            short_long_conv_parallel(short_one, long_one);
    }

    TestValue test_values(const Problem& problem, const TensorSpec& tensor, double scale) const override {
        double factor = tensor.name == "skip" ? 1 : scale; // y is about as large as x
        if (tensor.name == "kernel")
            factor = 1 / std::sqrt(static_cast<double>(problem.extents["kernel_length"]));
        if (tensor.name == "weight") factor = 1 / std::sqrt(static_cast<double>(problem.traits["width"]));
        return [=](std::int64_t, double random) { return factor * random; };
    }

    const std::vector<std::string>& independent_extents() const override {
        static const std::vector<std::string> list = {"batch", "channels"};
        return list;
    }

    /// Of the two convolutions, or of the one by the merged kernel.
    double operations(const Problem& problem, const Config&) const override {
        const auto length = static_cast<double>(problem.extents["length"]);
        const double reach = std::min(length, static_cast<double>(problem.extents["kernel_length"]));
        double products = reach * length - reach * (reach - 1) / 2;
        if (arrangement(problem.traits) == Arrangement::sequential)
            products += length * static_cast<double>(problem.traits["width"]);
        return 2 * static_cast<double>(problem.extents["batch"] * problem.extents["channels"]) * products;
    }
};

} // namespace

const Family& short_long_conv_family() {
    static const ShortLongConvFamily family;
    return family;
}

Arrangement arrangement(const Values& traits) { return static_cast<Arrangement>(traits["arrangement"]); }

} // namespace chela
