#include "templates/short_conv/family.hpp"

#include "codegen/error.hpp"
#include "templates/packed.hpp"
#include "templates/pool.hpp"
#include "templates/short_conv/plan.hpp"
#include "templates/short_conv/reference.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace chela {

namespace {

bool has_bias(const Values& traits) { return traits["bias"] != 0; }
bool adds_tensor(const Values& traits) { return traits["residual"] == static_cast<int>(Residual::tensor); }
bool carries(const Values& traits) { return conv_state(traits) == ConvState::carried; }
bool steps(const Values& traits) { return conv_state(traits) == ConvState::in_place; }
bool is_indexed(const Values& traits) { return traits["indexed"] != 0; }
bool packs(const Values& traits) { return traits["packed"] != 0; }

class ShortConvFamily final : public Family {
  public:
    std::string_view name() const override { return "short_conv"; }
    std::string_view summary() const override {
        return "depthwise convolution: y[l, c] = act(bias[c] + sum_w x[l - width + 1 + w, c] * weight[c, w])";
    }

    const Schema& traits() const override {
        static const Schema schema = {
            Field::integer("width", 2, 32, 4, "taps W of a channel"),
            Field::boolean("causal", true,
                           "tap w is for x[l - W + 1 + w]; otherwise centred: for x[l - (W - 1) / 2 + w]"),
            Field::choice("activation", {"none", "silu"}, 0, "act, applied before the residual is added"),
            Field::boolean("bias", false, "adds bias[c] before the activation"),
            Field::choice("residual", {"none", "input", "tensor"}, 0,
                          "adds nothing, x itself or another tensor after the activation"),
            Field::choice("state", {"none", "carried", "in_place"}, 0,
                          "the last W - 1 inputs: zeros; initial_state and final_state; or state, updated in "
                          "place (decoding)"),
            Field::boolean("indexed", false,
                           "states in place lie in a pool; state_index says which is whose, one outside of "
                           "it: none"),
            Field::boolean("packed", false, "sequences one after the other in one row of x and y"),
            conv_layout_field(),
            Field::choice("dtype", {"bf16", "fp16", "fp32"}, 0, "element type of x, y and states"),
            Field::choice("weight_dtype", {"fp32", "bf16", "fp16"}, 0, "element type of weight and bias"),
            conv_alignment_field(),
        };
        return schema;
    }

    const Schema& extents() const override {
        static const Schema schema = {
            Field::integer("batch", 0, 1 << 20, 1, "sequences B"),
            Field::integer("length", 0, 1 << 28, 1024,
                           "tokens L of a sequence; where they are packed, of all sequences"),
            Field::integer("channels", 0, 1 << 20, 1024, "channels C"),
            Field::integer("pool", 0, 1 << 24, 1, "states in the pool, where they are indexed"),
        };
        return schema;
    }

    Values canonical(const Values& given, const Values& extents) const override {
        Values traits = given;
        if (conv_state(traits) != ConvState::none && !traits["causal"])
            throw UserError(fmt::format("state is '{}' and causal is false; a state holds what came before, "
                                        "and more than that is needed: state must be none, or causal true",
                                        traits.text("state")));
        if (is_indexed(traits) && !steps(traits))
            throw UserError(fmt::format("indexed is true and state is '{}'; only states in place lie in a "
                                        "pool: indexed must be false, or state in_place",
                                        traits.text("state")));
        set_conv_alignment(traits, extents);
        // A step has few tokens: they are read element by element.
        if (steps(traits)) traits.set("alignment", size_of(static_cast<DType>(traits["dtype"])));
        return traits;
    }

    const std::vector<Scalar>& scalars() const override {
        static const std::vector<Scalar> none;
        return none;
    }

    const std::vector<TensorSpec>& tensors() const override {
        using Role = TensorSpec::Role;
        static const std::vector<std::string> tokens = {"batch", "length", "channels"},
                                              states = {"batch", "channels", "width - 1"};
        static const std::vector<TensorSpec> list = {
            {"x", Role::input, false, tokens, "inputs"},
            {"weight", Role::input, true, {"channels", "width"}, "taps", nullptr, false, "weight_dtype"},
            {"bias", Role::input, true, {"channels"}, "bias", has_bias, false, "weight_dtype"},
            {"residual", Role::input, false, tokens, "added after the activation", adds_tensor},
            {"y", Role::output, false, tokens, "outputs"},
            {"initial_state", Role::optional_input, true, states,
             "the inputs before the first token, the oldest first (default: zeros)", carries, false, "dtype"},
            {"final_state", Role::optional_output, true, states,
             "the last inputs, for the tokens that follow", carries, false, "dtype"},
            {"state", Role::inout, true, states,
             "the inputs before the first token and, in their place, the last ones", steps, false, "dtype"},
            {"state_index",
             Role::input,
             false,
             {"batch"},
             "which state of the pool is the sequence's, each at most once; not in the pool (-1): none, and "
             "its y is 0",
             is_indexed,
             true},
            {"cu_seqlens",
             Role::input,
             false,
             {"batch + 1"},
             "where each packed sequence begins, and the last one ends",
             packs,
             true},
        };
        return list;
    }

    std::vector<std::string> dims(const Values& traits, const TensorSpec& tensor) const override {
        std::vector<std::string> dims = conv_dims(traits, tensor);
        if (packs(traits) && tensor.dims.size() == 3 && tensor.dims[1] == "length") dims[0] = "1";
        if (is_indexed(traits) && tensor.role == TensorSpec::Role::inout) dims[0] = "pool";
        return dims;
    }

    std::span<const Algorithm* const> algorithms() const override {
        static const Algorithm* const list[] = {&short_conv_sliding_window(), &short_conv_row_vectors(),
                                                &short_conv_step(), &short_conv_cpu_vectors()};
        return list;
    }

    void reference(const Problem& problem, const std::map<std::string, double>&,
                   HostTensors& tensors) const override {
        const Values& traits = problem.traits;
        const auto extent = [&](const char* name) { return static_cast<std::size_t>(problem.dim(name)); };
        const auto data = [&](const char* name) { return data_of(tensors, name); };
        const auto output = [&](const char* name) { return add_output(tensors, problem, name); };
        short_conv_reference(
            {.batch = extent("batch"),
             .length = extent("length"),
             .channels = extent("channels"),
             .width = extent("width"),
             .history = static_cast<std::size_t>(conv_history(traits["width"], traits["causal"] != 0)),
             .pool = extent(is_indexed(traits) ? "pool" : "batch"),
             .channels_first = conv_layout(traits) == ConvLayout::channels_first,
             .silu = traits["activation"] == static_cast<int>(Activation::silu),
             .add_input = traits["residual"] == static_cast<int>(Residual::input),
             .x = data("x"),
             .weight = data("weight"),
             .bias = data("bias"),
             .residual = data("residual"),
             .initial_state = data("initial_state"),
             .state_index = data("state_index"),
             .cu_seqlens = data("cu_seqlens"),
             .state = data("state"),
             .y = output("y"),
             .final_state = output("final_state")});
    }

    TestValue test_values(const Problem& problem, const TensorSpec& tensor, double scale) const override {
        if (tensor.name == "cu_seqlens") return offset_test_values(problem);
        if (tensor.name == "state_index") return slot_test_values(problem);
        const double factor = tensor.name == "weight" // y is as large as x
                                  ? 1 / std::sqrt(static_cast<double>(problem.traits["width"]))
                                  : scale;
        return [=](std::int64_t, double random) { return factor * random; };
    }

    void check_input(const Problem& problem, const TensorSpec& tensor,
                     std::span<const double> values) const override {
        if (tensor.name == "cu_seqlens") check_offsets(problem, tensor, values);
    }

    const std::vector<std::string>& independent_extents() const override {
        static const std::vector<std::string> list = {"batch", "channels"};
        return list;
    }
    const std::vector<std::string>& storage_extents() const override {
        static const std::vector<std::string> list = {"pool"};
        return list;
    }

    double ideal_bytes(const Problem& problem, bool with_optional) const override {
        return Family::ideal_bytes(with_used_states(problem), with_optional);
    }

    double operations(const Problem& problem, const Config&) const override {
        double sum = packs(problem.traits) ? 2 : 2 * static_cast<double>(problem.extents["batch"]);
        for (const char* name : {"length", "channels", "width"})
            sum *= static_cast<double>(problem.dim(name));
        return sum;
    }
};

} // namespace

const Family& short_conv_family() {
    static const ShortConvFamily family;
    return family;
}

ConvState conv_state(const Values& traits) { return static_cast<ConvState>(traits["state"]); }

} // namespace chela
