#include "tests/numerics/shared_keys.hpp"

#include "runtime/reference_slices.hpp"
#include "tests/numerics/tensors_on_device.hpp"

namespace chela::tests {

double shared_keys_difference(Session& session, const Problem& problem) {
    const Op op = session.get(problem);
    const DType dtype = problem.dtype();
    const std::int64_t heads = problem.extents["heads"];
    HostTensors tensors;
    TensorsOnDevice memory(session.device());
    Arguments arguments = op.arguments();
    for (const char* name : {"q", "k", "v"}) {
        const TensorSpec& spec = problem.family->tensor(name);
        const auto shape = problem.shape(spec); // batch, length, heads, columns
        const std::int64_t columns = shape[3], all = shape[0] * shape[1] * heads * columns;
        const bool shared = spec.name != "q";
        const InputValues values(problem, spec, {.seed = 5});
        std::vector<double> stored;
        HostTensor& tensor = tensors[name];
        tensor.shape = shape;
        for (std::int64_t i = 0; i < all; ++i) {
            const std::int64_t token = i / (heads * columns), head = i / columns % heads;
            tensor.data.push_back(values(shared ? token * heads * columns + i % columns : i));
            if (!shared || head == 0) stored.push_back(tensor.data.back());
        }
        memory.put(name, stored, dtype);
        const std::int64_t row = shared ? columns : heads * columns;
        const std::int64_t strides[] = {shape[1] * row, row, shared ? 0 : columns, 1};
        arguments.tensor(name, memory.at(name), strides);
    }
    std::map<std::string, double> scalars;
    for (const auto& scalar : problem.family->scalars())
        if (scalar.exists(problem.traits)) scalars[scalar.name] = scalar.fallback(problem);
    problem.family->reference(problem, scalars, tensors);
    const std::vector<double>& expected = tensors.at("o").data;
    memory.put("o", std::vector<double>(expected.size()), dtype);
    arguments.tensor("o", memory.at("o"));
    memory.lend_workspace(op, arguments);
    op.launch(nullptr, arguments);
    session.device().synchronize();
    return difference(memory.get("o", expected.size(), dtype), expected);
}

} // namespace chela::tests
