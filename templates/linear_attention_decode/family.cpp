#include "templates/linear_attention_decode/family.hpp"

#include "templates/alignment.hpp"
#include "templates/linear_attention/test_values.hpp"
#include "templates/linear_attention_decode/reference.h"
#include "templates/pool.hpp"

#include <algorithm>
#include <cmath>

namespace chela {

namespace {

bool is_indexed(const Values& traits) { return traits["indexed"] != 0; }

class LinearAttentionDecode final : public Family {
  public:
    std::string_view name() const override { return "linear_attention_decode"; }
    std::string_view summary() const override {
        return "linear attention of a few new tokens, with the state updated in place";
    }

    const Schema& traits() const override {
        static const Schema schema = {
            Field::integer("head_dim", 8, 256, 64, "query and key dimension D of a head"),
            Field::integer("value_dim", 8, 256, 0, "value dimension E of a head (default: head_dim)"),
            Field::choice("dtype", {"bf16", "fp16", "fp32"}, 0, "element type of q, k, v and o"),
            Field::choice("state_dtype", {"fp32", "bf16"}, 0, "element type of the state between the steps"),
            Field::integer(
                "alignment", 2, 16, 0,
                "bytes that every row of the state starts at a multiple of (default: as contiguous)"),
            Field::choice("decay", {"none", "per_head", "scalar"}, 0,
                          "a of each token: 1, exp(-decay[h]) or exp(gate[t, h])"),
            Field::choice("feature_map", {"identity", "relu", "elu_plus_one", "silu", "exp", "squared_relu"},
                          0, "f, applied to the elements of q and k"),
            Field::boolean("normalize", false,
                           "divides o by scale * f(q)^T z + epsilon, z = a z + f(k) in place as the state"),
            Field::boolean("indexed", false,
                           "states lie in a pool; state_index says which is whose, one outside of it: none"),
        };
        return schema;
    }

    const Schema& extents() const override {
        static const Schema schema = {
            Field::integer("batch", 0, 1 << 20, 1, "sequences B"),
            Field::integer("tokens", 1, most_decode_tokens, 1, "new tokens of each sequence"),
            Field::integer("heads", 0, 1 << 20, 1, "heads H"),
            Field::integer("pool", 0, 1 << 24, 1, "states in the pool, where they are indexed"),
        };
        return schema;
    }

    Values canonical(const Values& given, const Values&) const override {
        Values traits = given;
        if (traits["value_dim"] == 0) traits.set("value_dim", traits["head_dim"]);
        const std::int64_t size = size_of(decode_state_dtype(traits));
        const std::int64_t asked = traits["alignment"],
                           natural = natural_alignment(traits["value_dim"] * size);
        check_alignment(asked, size, "a state of bf16");
        // A row is moved in pieces of `alignment` bytes, so it has to hold a whole number of them.
        traits.set("alignment", asked == 0 ? natural : std::min(asked, natural));
        return traits;
    }

    const std::vector<Scalar>& scalars() const override {
        static const std::vector<Scalar> list = {
            {"scale", "multiplies the output (default: head_dim^-1/2)",
             [](const Problem& problem) {
                 return 1.0 / std::sqrt(static_cast<double>(problem.traits["head_dim"]));
             }},
            {"epsilon", "added to the denominator of normalize (default: 1e-6)",
             [](const Problem&) { return 1e-6; }, normalizes}};
        return list;
    }

    const std::vector<TensorSpec>& tensors() const override {
        using Role = TensorSpec::Role;
        static const std::vector<TensorSpec> list = {
            {"q", Role::input, false, {"batch", "tokens", "heads", "head_dim"}, "queries"},
            {"k", Role::input, false, {"batch", "tokens", "heads", "head_dim"}, "keys"},
            {"v", Role::input, false, {"batch", "tokens", "heads", "value_dim"}, "values"},
            {"o", Role::output, false, {"batch", "tokens", "heads", "value_dim"}, "outputs"},
            {"state",
             Role::inout,
             true,
             {"batch", "heads", "head_dim", "value_dim"},
             "state before the first new token and, in its place, after the last",
             nullptr,
             false,
             "state_dtype"},
            {"normalizer",
             Role::inout,
             true,
             {"batch", "heads", "head_dim"},
             "normaliser z before the first new token and, in its place, after the last",
             normalizes},
            {"decay", Role::input, true, {"heads"}, "s of a = exp(-s), at least 0", decays_per_head},
            {"gate",
             Role::input,
             true,
             {"batch", "tokens", "heads"},
             "log of what the state decays by, at most 0",
             decays_by_gate},
            {"state_index",
             Role::input,
             false,
             {"batch"},
             "which state of the pool is the sequence's, each at most once; not in the pool (-1): none, and "
             "its o is 0",
             is_indexed,
             true},
        };
        return list;
    }

    std::vector<std::string> dims(const Values& traits, const TensorSpec& tensor) const override {
        std::vector<std::string> dims = tensor.dims;
        if (is_indexed(traits) && tensor.role == TensorSpec::Role::inout) dims[0] = "pool";
        return dims;
    }

    /// Rows of the state are moved in pieces; the tokens are few and are read element by element.
    std::int64_t alignment(const Problem& problem, const TensorSpec& tensor) const override {
        return tensor.name == "state" ? problem.traits["alignment"] : size_of(problem.dtype(tensor));
    }

    std::span<const Algorithm* const> algorithms() const override {
        static const Algorithm* const list[] = {&linear_attention_decode_registers(),
                                                &linear_attention_decode_cpu_tiles()};
        return list;
    }

    void reference(const Problem& problem, const std::map<std::string, double>& scalars,
                   HostTensors& tensors) const override {
        const auto extent = [&](const char* name) { return static_cast<std::size_t>(problem.dim(name)); };
        LinearAttentionDecodeStep step;
        step.batch = extent("batch"), step.tokens = extent("tokens"), step.heads = extent("heads");
        step.head_dim = extent("head_dim"), step.value_dim = extent("value_dim");
        step.pool = extent(is_indexed(problem.traits) ? "pool" : "batch");
        step.scale = scalars.at("scale");
        step.feature_map = static_cast<FeatureMap>(problem.traits["feature_map"]);
        if (normalizes(problem.traits)) step.epsilon = scalars.at("epsilon");
        const auto data = [&](const char* name) { return data_of(tensors, name); };
        step.q = data("q"), step.k = data("k"), step.v = data("v");
        step.decay = data("decay"), step.gate = data("gate"), step.state_index = data("state_index");
        step.state = data("state"), step.normalizer = data("normalizer");
        step.o = add_output(tensors, problem, "o");
        linear_attention_decode_reference(step);
    }

    TestValue test_values(const Problem& problem, const TensorSpec& tensor, double scale) const override {
        if (tensor.name == "decay") return decay_test_values();
        if (tensor.name == "gate") // the logarithm of a sigmoid
            return [](std::int64_t, double random) { return -std::log1p(std::exp(-random)); };
        if (tensor.name == "state_index") return slot_test_values(problem);
        return element_test_values(problem, tensor, "normalizer", scale);
    }

    /// A state of bf16 is rounded once, when it is stored.
    double tensor_error_bound(const Problem& problem, const TensorSpec& tensor) const override {
        const double rounded = problem.dtype(tensor) == DType::bf16 ? 6e-3 : 0;
        return std::max(error_bound(problem), rounded);
    }

    const std::vector<std::string>& independent_extents() const override {
        static const std::vector<std::string> list = {"batch", "heads"};
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
        double state = 4; // q S and k vᵀ for each element and token
        for (const char* name : {"batch", "heads", "head_dim", "value_dim", "tokens"})
            state *= static_cast<double>(problem.dim(name));
        return state;
    }
};

} // namespace

const Family& linear_attention_decode_family() {
    static const LinearAttentionDecode family;
    return family;
}

DType decode_state_dtype(const Values& traits) { return dtype_named(traits.text("state_dtype")); }

} // namespace chela
