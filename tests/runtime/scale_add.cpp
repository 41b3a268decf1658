#include "tests/runtime/scale_add.hpp"

#include "codegen/error.hpp"

#include <array>
#include <utility>

namespace chela::test {
namespace {

const std::vector<std::string> fault_names = {"none",
                                              "wrong_element",
                                              "slightly_wrong",
                                              "missing_row",
                                              "guard_after",
                                              "guard_before",
                                              "gap",
                                              "input_written",
                                              "workspace_overrun",
                                              "odd_length",
                                              "last_head",
                                              "last_head_slightly",
                                              "reads_outside",
                                              "reads_workspace",
                                              "prepares",
                                              "prepared_overrun",
                                              "spoils_prepared",
                                              "ignores_carry",
                                              "throws_launch",
                                              "breaks_device",
                                              "compile_error",
                                              "unsteady"};

class Scale final : public Algorithm {
  public:
    std::string_view name() const override { return "scale"; }
    const Schema& tunables() const override {
        static const Schema schema{Field::choice("fault", fault_names, 0, "what it does wrong")};
        return schema;
    }
    std::string rejects(const Target&, const Values&) const override { return {}; }
    std::string rejects(const Target&, const Values&, const Values&) const override { return {}; }
    Values default_config(const Target&, const Problem&) const override { return Values(tunables()); }
    Program generate(const Target&, const Values& traits, const Values& config) const override {
        Program program;
        const std::string source =
            traits.text("dtype") + " " + traits.text("dim") + " " + config.text("fault");
        LaunchPlan plan{.grid = {1, {{"batch", 1}, {"heads", 1}}}};
        const auto fault = static_cast<Fault>(config["fault"]);
        if (fault == Fault::prepares || fault == Fault::prepared_overrun || fault == Fault::spoils_prepared) {
            program.kernels.push_back({"scale_add_prepare", source, plan, true});
            program.prepared_bytes = {traits["dim"] * 4, {{"batch", 1}, {"heads", 1}}};
            program.prepared_from = {"carry"};
        }
        program.kernels.push_back({"scale_add", source, plan});
        program.workspace_bytes = {scale_add_workspace * 4, {{"batch", 1}, {"heads", 1}}};
        return program;
    }
};

class ScaleAdd final : public Family {
  public:
    std::string_view name() const override { return "scale_add"; }
    std::string_view summary() const override { return "y = factor x + carry"; }
    const Schema& traits() const override {
        static const Schema schema{Field::integer("dim", 1, 256, 16, "elements of a row"),
                                   Field::choice("dtype", {"bf16", "fp16", "fp32"}, 0, "of x and y"),
                                   Field::integer("alignment", 2, 16, 2, "bytes")};
        return schema;
    }
    const Schema& extents() const override {
        static const Schema schema{Field::integer("batch", 1, 1 << 20, 1, ""),
                                   Field::integer("length", 0, 1 << 20, 1, ""),
                                   Field::integer("heads", 1, 1 << 20, 1, "")};
        return schema;
    }
    const std::vector<Scalar>& scalars() const override {
        static const std::vector<Scalar> scalars{{"factor", "of x", [](const Problem&) { return 0.3; }}};
        return scalars;
    }
    const std::vector<TensorSpec>& tensors() const override {
        using Role = TensorSpec::Role;
        const std::vector<std::string> rows{"batch", "length", "heads", "dim"},
            states{"batch", "heads", "dim"};
        static const std::vector<TensorSpec> specs{{"x", Role::input, false, rows, ""},
                                                   {"carry", Role::optional_input, true, states, ""},
                                                   {"y", Role::output, false, rows, ""},
                                                   {"total", Role::optional_output, true, states, ""}};
        return specs;
    }
    std::span<const Algorithm* const> algorithms() const override {
        static const Scale scale;
        static const std::array<const Algorithm*, 1> all{&scale};
        return all;
    }
    void reference(const Problem& problem, const std::map<std::string, double>& scalars,
                   HostTensors& tensors) const override {
        const auto batch = problem.dim("batch"), length = problem.dim("length"), heads = problem.dim("heads"),
                   dim = problem.dim("dim");
        const HostTensor& x = tensors.at("x");
        const bool has_carry = tensors.contains("carry");
        HostTensor y{x.shape, std::vector<double>(x.data.size())};
        HostTensor total{{batch, heads, dim},
                         std::vector<double>(static_cast<std::size_t>(batch * heads * dim))};
        if (has_carry) total = tensors.at("carry");
        const HostTensor carry = total;
        for (std::int64_t i = 0; std::cmp_less(i, x.data.size()); ++i) {
            const std::int64_t state = (i / (length * heads * dim) * heads + i / dim % heads) * dim + i % dim;
            y.data[i] = scalars.at("factor") * x.data[i] + carry.data[state];
            total.data[state] += x.data[i];
        }
        tensors["y"] = std::move(y);
        tensors["total"] = std::move(total);
    }
    double error_bound(const Problem& problem) const override { return scale_add_bound(problem.dtype()); }
    const std::vector<std::string>& independent_extents() const override {
        static const std::vector<std::string> names{"batch", "heads"};
        return names;
    }
    double operations(const Problem&, const Config&) const override { return 1; }
};

} // namespace

const Family& scale_add_family() {
    static const ScaleAdd family;
    return family;
}

const Family& find_test_family(std::string_view name) {
    if (name == scale_add_family().name()) return scale_add_family();
    throw UserError("no family '" + std::string(name) + "'");
}

Problem scale_add(DType dtype, std::int64_t batch, std::int64_t length, std::int64_t heads, std::int64_t dim,
                  std::int64_t alignment) {
    const Family& family = scale_add_family();
    Values traits(family.traits()), extents(family.extents());
    traits.set("dtype", static_cast<int>(dtype)).set("dim", dim).set("alignment", alignment);
    extents.set("batch", batch).set("length", length).set("heads", heads);
    return {&family, traits, extents};
}

Config scale_add_config(Fault fault) {
    const Algorithm& algorithm = scale_add_family().algorithm("scale");
    return {&algorithm, Values(algorithm.tunables()).set("fault", static_cast<int>(fault))};
}

double scale_add_bound(DType dtype) {
    return dtype == DType::fp32 ? 1e-5 : dtype == DType::fp16 ? 1.5e-3 : 6e-3;
}

} // namespace chela::test
