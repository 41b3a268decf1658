#include "templates/linear_attention/family.hpp"

#include "codegen/error.hpp"
#include "templates/linear_attention/reference.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>

namespace chela {

namespace {

class LinearAttention final : public Family {
  public:
    std::string_view name() const override { return "linear_attention"; }
    std::string_view summary() const override {
        return "o_t = scale * q_t^T S_t with S_t = S_{t-1} + k_t v_t^T (causal) or S of the whole sequence";
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
        };
        return schema;
    }

    const Schema& extents() const override {
        static const Schema schema = {
            Field::integer("batch", 0, 1 << 20, 1, "sequences B"),
            Field::integer("length", 0, 1 << 28, 1024, "tokens L of a sequence"),
            Field::integer("heads", 0, 1 << 20, 1, "heads H"),
        };
        return schema;
    }

    Values canonical(const Values& given) const override {
        Values traits = given;
        if (traits["value_dim"] == 0) traits.set("value_dim", traits["head_dim"]);
        const auto dtype = static_cast<DType>(traits["dtype"]);
        if (dtype != DType::fp32 && traits["math"] == static_cast<int>(Math::tf32))
            throw UserError(
                fmt::format("math is 'tf32' with dtype {}; tf32 is for fp32 alone", to_string(dtype)));
        const auto size = static_cast<std::uint64_t>(size_of(dtype));
        const auto rows = (static_cast<std::uint64_t>(traits["head_dim"]) |
                           static_cast<std::uint64_t>(traits["value_dim"])) *
                          size;
        const auto natural = static_cast<std::int64_t>(std::min<std::uint64_t>(16, rows & (~rows + 1)));
        const std::int64_t asked = traits["alignment"];
        if (asked != 0 && (!std::has_single_bit(static_cast<std::uint64_t>(asked)) || asked < size_of(dtype)))
            throw UserError(fmt::format(
                "alignment is {}; it must be {}, 8 or 16 bytes (2 too for 16-bit types), or left out", asked,
                4));
        // A row of D elements is copied in pieces of `alignment` bytes, so it has to hold a whole number of
        // them.
        traits.set("alignment", asked == 0 ? natural : std::min(asked, natural));
        return traits;
    }

    const std::vector<Scalar>& scalars() const override {
        static const std::vector<Scalar> list = {
            {"scale", "multiplies the output (default: head_dim^-1/2)", [](const Problem& problem) {
                 return 1.0 / std::sqrt(static_cast<double>(problem.traits["head_dim"]));
             }}};
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
        };
        return list;
    }

    std::span<const Algorithm* const> algorithms() const override {
        static const Algorithm* const list[] = {&linear_attention_mma(), &linear_attention_simt(),
                                                &linear_attention_cpu_blocked()};
        return list;
    }

    void reference(const Problem& problem, const std::map<std::string, double>& scalars,
                   HostTensors& tensors) const override {
        const auto extent = [&](const char* name) { return static_cast<std::size_t>(problem.dim(name)); };
        const LinearAttentionShape shape{extent("batch"), extent("length"), extent("heads"),
                                         extent("head_dim"), extent("value_dim")};
        const auto output = [&](const char* name) -> std::vector<double>& {
            HostTensor& result = tensors[name];
            result.shape = problem.shape(tensor(name));
            std::size_t size = 1;
            for (const auto dim : result.shape) size *= static_cast<std::size_t>(dim);
            result.data.assign(size, 0.0);
            return result.data;
        };
        const auto initial = tensors.find("initial_state");
        const std::span<const double> none;
        std::vector<double>& o = output("o");
        std::vector<double>& final_state = output("final_state");
        linear_attention_reference(
            shape, problem.traits["causal"] != 0, scalars.at("scale"), tensors.at("q").data,
            tensors.at("k").data, tensors.at("v").data,
            initial == tensors.end() ? none : std::span<const double>(initial->second.data), o, final_state);
    }

    double error_bound(const Problem& problem) const override {
        switch (problem.dtype()) {
        case DType::bf16:
            return 6e-3;
        case DType::fp16:
            return 1.5e-3;
        case DType::fp32:
            break;
        }
        return problem.traits["math"] == static_cast<int>(Math::tf32) ? 1e-3 : 1e-5;
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
        return per_head * static_cast<double>(problem.extents["batch"] * problem.extents["heads"]);
    }
};

} // namespace

const Family& linear_attention_family() {
    static const LinearAttention family;
    return family;
}

} // namespace chela
