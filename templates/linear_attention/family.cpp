#include "templates/linear_attention/family.hpp"

#include "codegen/error.hpp"
#include "templates/alignment.hpp"
#include "templates/linear_attention/reference.h"
#include "templates/linear_attention/test_values.hpp"
#include "templates/packed.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace chela {

namespace {

bool packs(const Values& traits) { return traits["packed"] != 0; }

class LinearAttention final : public Family {
  public:
    std::string_view name() const override { return "linear_attention"; }
    std::string_view summary() const override {
        return "o_t = scale * f(q_t)^T S_t with S_t = a_t S_{t-1} + f(k_t) v_t^T (causal) or S of the whole "
               "sequence";
    }

    const Schema& traits() const override {
        static const Schema schema = {
            Field::integer("head_dim", 8, 256, 64, "query and key dimension D of a head"),
            Field::integer("value_dim", 8, 256, 0, "value dimension E of a head (default: head_dim)"),
            Field::boolean("causal", true, "each token sees itself and what came before it"),
            Field::choice("dtype", {"bf16", "fp16", "fp32"}, 0, "element type of q, k, v and o"),
            Field::choice("math", {"ieee", "tf32"}, 0, "products of fp32: exact, or tensor cores in tf32"),
            Field::integer(
                "alignment", 1, 16, 0,
                "bytes that every row of q, k, v and o starts at a multiple of (default: as contiguous)"),
            Field::choice("decay", {"none", "per_head", "scalar"}, 0,
                          "a_t: 1, exp(-decay[h]) or exp(gate[t, h])"),
            Field::choice("feature_map", {"identity", "relu", "elu_plus_one", "silu", "exp", "squared_relu"},
                          0, "f, applied to the elements of q and k"),
            Field::boolean("normalize", false,
                           "divides o_t by scale * f(q_t)^T z_t + epsilon, z_t = a_t z_{t-1} + f(k_t)"),
            Field::boolean("packed", false,
                           "sequences one after the other: q, k, v, o and gate are [1, length, ...]"),
        };
        return schema;
    }

    const Schema& extents() const override {
        static const Schema schema = {
            Field::integer("batch", 0, 1 << 20, 1, "sequences B"),
            Field::integer("length", 0, 1 << 28, 1024,
                           "tokens L of a sequence; where they are packed, of all sequences"),
            Field::integer("heads", 0, 1 << 20, 1, "heads H"),
        };
        return schema;
    }

    Values canonical(const Values& given, const Values&) const override {
        Values traits = given;
        if (traits["value_dim"] == 0) traits.set("value_dim", traits["head_dim"]);
        const auto dtype = static_cast<DType>(traits["dtype"]);
        if (dtype != DType::fp32 && traits["math"] == static_cast<int>(Math::tf32))
            throw UserError(
                fmt::format("math is 'tf32' with dtype {}; tf32 is for fp32 alone", to_string(dtype)));
        if (!traits["causal"] && traits["decay"] != static_cast<int>(Decay::none))
            throw UserError(fmt::format("decay is '{}' and causal is false; without an order of the tokens "
                                        "nothing decays: decay must be none, or causal true",
                                        traits.text("decay")));
        const std::int64_t asked = traits["alignment"],
                           natural =
                               natural_alignment((traits["head_dim"] | traits["value_dim"]) * size_of(dtype));
        check_alignment(asked, size_of(dtype), "16-bit types");
        // A row of D elements is copied in pieces of `alignment` bytes, so it has to hold a whole number of
        // them.
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
            {"q", Role::input, false, {"batch", "length", "heads", "head_dim"}, "queries"},
            {"k", Role::input, false, {"batch", "length", "heads", "head_dim"}, "keys"},
            {"v", Role::input, false, {"batch", "length", "heads", "value_dim"}, "values"},
            {"o", Role::output, false, {"batch", "length", "heads", "value_dim"}, "outputs"},
            {"initial_state",
             Role::optional_input,
             true,
             {"batch", "heads", "head_dim", "value_dim"},
             "state before the first token"},
            {"final_state",
             Role::optional_output,
             true,
             {"batch", "heads", "head_dim", "value_dim"},
             "state after the last token"},
            {"decay", Role::input, true, {"heads"}, "s of a = exp(-s), at least 0", decays_per_head},
            {"gate",
             Role::input,
             true,
             {"batch", "length", "heads"},
             "log of what the state decays by, at most 0",
             decays_by_gate},
            {"initial_normalizer",
             Role::optional_input,
             true,
             {"batch", "heads", "head_dim"},
             "normaliser z before the first token",
             normalizes},
            {"final_normalizer",
             Role::optional_output,
             true,
             {"batch", "heads", "head_dim"},
             "normaliser z after the last token",
             normalizes},
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
        std::vector<std::string> dims = tensor.dims;
        if (packs(traits) && dims.size() > 1 && dims[1] == "length") dims[0] = "1";
        return dims;
    }

    std::span<const Algorithm* const> algorithms() const override {
        static const Algorithm* const list[] = {&linear_attention_wgmma(), &linear_attention_mma(),
                                                &linear_attention_simt(), &linear_attention_cpu_blocked()};
        return list;
    }

    void reference(const Problem& problem, const std::map<std::string, double>& scalars,
                   HostTensors& tensors) const override {
        const Values& traits = problem.traits;
        const auto extent = [&](const char* name) { return static_cast<std::size_t>(problem.dim(name)); };
        const LinearAttentionDefinition definition{.batch = extent("batch"),
                                                   .length = extent("length"),
                                                   .heads = extent("heads"),
                                                   .head_dim = extent("head_dim"),
                                                   .value_dim = extent("value_dim"),
                                                   .causal = traits["causal"] != 0,
                                                   .feature_map =
                                                       static_cast<FeatureMap>(traits["feature_map"]),
                                                   .normalize = normalizes(traits),
                                                   .scale = scalars.at("scale"),
                                                   .epsilon = normalizes(traits) ? scalars.at("epsilon") : 0};
        const auto output = [&](const char* name) { return add_output(tensors, problem, name); };
        const auto input = [&](const char* name) { return data_of(tensors, name); };
        linear_attention_reference(definition, {.q = input("q"),
                                                .k = input("k"),
                                                .v = input("v"),
                                                .decay = input("decay"),
                                                .gate = input("gate"),
                                                .cu_seqlens = input("cu_seqlens"),
                                                .initial_state = input("initial_state"),
                                                .initial_normalizer = input("initial_normalizer"),
                                                .o = output("o"),
                                                .final_state = output("final_state"),
                                                .final_normalizer = output("final_normalizer")});
    }

    TestValue test_values(const Problem& problem, const TensorSpec& tensor, double scale) const override {
        if (tensor.name == "decay") return decay_test_values();
        if (tensor.name == "gate") { // the logarithm of a sigmoid; some heads forget at once, some slowly
            const std::int64_t heads = std::max<std::int64_t>(1, problem.extents["heads"]);
            return [=](std::int64_t index, double random) {
                constexpr double share[] = {1.0 / 16, 1, 1.0 / 128, 1.0 / 2};
                return -std::log1p(std::exp(-random)) * share[index % heads % 4];
            };
        }
        if (tensor.name == "cu_seqlens") return offset_test_values(problem);
        return element_test_values(problem, tensor, "initial_normalizer", scale);
    }

    void check_input(const Problem& problem, const TensorSpec& tensor,
                     std::span<const double> values) const override {
        if (tensor.name == "cu_seqlens") return check_offsets(problem, tensor, values);
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto refuse = [&](const char* right) {
                throw UserError(fmt::format("{}[{}] is {}; it must be {}", tensor.name, i, values[i], right));
            };
            if (tensor.name == "decay" && values[i] < 0)
                refuse("at least 0: the state decays by exp(-decay)");
            if (tensor.name == "gate" && values[i] > 0)
                refuse("at most 0: it is the logarithm of what the state decays by");
        }
    }

    double error_bound(const Problem& problem) const override {
        return problem.traits["math"] == static_cast<int>(Math::tf32) ? 1e-3 : Family::error_bound(problem);
    }

    const std::vector<std::string>& independent_extents() const override {
        static const std::vector<std::string> list = {"batch", "heads"};
        return list;
    }

    double operations(const Problem& problem, const Config& config) const override {
        const auto d = static_cast<double>(problem.traits["head_dim"]),
                   e = static_cast<double>(problem.traits["value_dim"]);
        const auto length = static_cast<double>(problem.extents["length"]);
        double per_head = 4.0 * length * d * e; // q S and kᵀ v
        if (problem.traits["causal"] && config.algorithm) {
            const auto chunk = static_cast<double>(config.values["chunk"]);
            const double whole = std::floor(length / chunk), rest = length - whole * chunk;
            per_head += (whole * chunk * (chunk + 1) + rest * (rest + 1)) * (d + e); // scores and scores · v
        }
        const std::int64_t batch = packs(problem.traits) ? 1 : problem.extents["batch"];
        return per_head * static_cast<double>(batch * problem.extents["heads"]);
    }
};

} // namespace

bool decays_per_head(const Values& traits) { return traits["decay"] == static_cast<int>(Decay::per_head); }
bool decays_by_gate(const Values& traits) { return traits["decay"] == static_cast<int>(Decay::scalar); }
bool normalizes(const Values& traits) { return traits["normalize"] != 0; }
std::int64_t heads_of(const Problem& problem) {
    return std::max<std::int64_t>(1, problem.extents["batch"] * problem.extents["heads"]);
}

const Family& linear_attention_family() {
    static const LinearAttention family;
    return family;
}

} // namespace chela
