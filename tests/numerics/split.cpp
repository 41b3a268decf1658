#include "tests/numerics/split.hpp"

#include "runtime/reference_slices.hpp"
#include "tests/numerics/tensors_on_device.hpp"

namespace chela::tests {

double split_difference(Session& session, const Problem& problem, const Problem& whole,
                        const std::vector<int>& pieces) {
    const Op op = session.get(problem);
    HostTensors tensors;
    TensorsOnDevice memory(session.device());
    for (const TensorSpec& spec : whole.tensors()) {
        if (spec.output() || spec.optional()) continue;
        HostTensor& tensor = tensors[spec.name];
        tensor.shape = whole.shape(spec);
        const InputValues values(whole, spec, {.seed = 11});
        for (std::int64_t i = 0; i < product(tensor.shape); ++i) tensor.data.push_back(values(i));
        memory.put(spec.name, tensor.data, whole.dtype(spec));
    }
    whole.family->reference(whole, {}, tensors);
    const HostTensor &y = tensors.at("y"), &final_state = tensors.at("final_state");
    memory.put("y", std::vector<double>(y.data.size()), problem.dtype());
    memory.put("state", std::vector<double>(final_state.data.size()), problem.dtype());

    Arguments arguments = op.arguments();
    std::int64_t first = 0;
    for (const int tokens : pieces) {
        arguments.extent("length", tokens);
        for (const TensorSpec& spec : problem.tensors()) {
            const bool is_state = spec.name.ends_with("state"); // initial and final are the same memory
            const auto dims = problem.dims(spec);
            const auto token_dim = std::ranges::find(dims, "length");
            if (is_state || token_dim == dims.end()) {
                arguments.tensor(spec.name, memory.at(is_state ? "state" : spec.name));
                continue;
            }
            std::vector<std::int64_t> strides(spec.rank(), 1);
            for (std::size_t dim = strides.size(); dim-- > 1;) strides[dim - 1] = strides[dim] * y.shape[dim];
            const std::int64_t offset = first * strides[static_cast<std::size_t>(token_dim - dims.begin())];
            arguments.tensor(spec.name, memory.at(spec.name) + offset * size_of(problem.dtype()), strides);
        }
        memory.lend_workspace(op, arguments);
        op.launch(nullptr, arguments);
        session.device().synchronize();
        first += tokens;
    }
    return std::max(
        difference(memory.get("y", y.data.size(), problem.dtype()), y.data),
        difference(memory.get("state", final_state.data.size(), problem.dtype()), final_state.data));
}

} // namespace chela::tests
