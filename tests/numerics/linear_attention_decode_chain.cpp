// A sequence decoded in steps, compared with the definition of linear_attention over the whole of it.

#include "runtime/reference_slices.hpp"
#include "tests/numerics/linear_attention_decode_grid.hpp"
#include "tests/numerics/tensors_on_device.hpp"

#include <algorithm>
#include <numeric>

namespace chela::tests {

namespace {

/// Slots of a pool from the last on, so that no sequence has the slot of its own number by chance alone.
std::int64_t slot_of(const LinearAttentionDecode& description, std::int64_t sequence) {
    return description.indexed ? description.pool - 1 - sequence : sequence;
}

} // namespace

double chained_difference(Session& session, const LinearAttentionDecode& description,
                          const std::vector<int>& steps) {
    const Problem step = description;
    const Problem whole = LinearAttention{.head_dim = description.head_dim,
                                          .value_dim = description.value_dim,
                                          .dtype = description.dtype,
                                          .decay = description.decay,
                                          .feature_map = description.feature_map,
                                          .normalize = description.normalize,
                                          .batch = description.batch,
                                          .length = std::accumulate(steps.begin(), steps.end(), 0),
                                          .heads = description.heads};
    HostTensors tensors;
    TensorsOnDevice memory(session.device());
    for (const TensorSpec& spec : whole.tensors()) {
        if (spec.output() || spec.optional()) continue; // the state begins at zero
        HostTensor& tensor = tensors[spec.name];
        tensor.shape = whole.shape(spec);
        const InputValues values(whole, spec, {.seed = 7});
        for (std::int64_t i = 0; i < product(tensor.shape); ++i) tensor.data.push_back(values(i));
        memory.put(spec.name, tensor.data, whole.dtype(spec));
    }
    std::map<std::string, double> scalars;
    for (const auto& scalar : whole.family->scalars())
        if (scalar.exists(whole.traits)) scalars[scalar.name] = scalar.fallback(whole);
    whole.family->reference(whole, scalars, tensors);

    const auto is_sequence = [&](const TensorSpec& spec) {
        return std::ranges::find(spec.dims, "tokens") != spec.dims.end();
    };
    for (const TensorSpec& spec : step.tensors()) {
        if (tensors.contains(spec.name) && spec.name != "o") continue;
        const auto& shape = spec.name == "o" ? tensors.at("o").shape : step.shape(spec);
        std::vector<double> values(count(shape), 0.0);
        if (spec.name == "state_index")
            for (std::size_t b = 0; b < values.size(); ++b)
                values[b] = static_cast<double>(slot_of(description, static_cast<std::int64_t>(b)));
        memory.put(spec.name, values, step.dtype(spec));
    }

    const Op op = session.get(step);
    Arguments arguments = op.arguments();
    std::int64_t first = 0;
    for (const int tokens : steps) {
        arguments.extent("tokens", tokens);
        for (const TensorSpec& spec : step.tensors()) {
            if (!is_sequence(spec)) {
                arguments.tensor(spec.name, memory.at(spec.name));
                continue;
            }
            std::vector<std::int64_t> strides(spec.rank(), 1);
            const auto& shape = tensors.at(spec.name).shape;
            for (std::size_t dim = shape.size(); dim-- > 1;) strides[dim - 1] = strides[dim] * shape[dim];
            arguments.tensor(spec.name, memory.at(spec.name) + first * strides[1] * size_of(step.dtype(spec)),
                             strides);
        }
        op.launch(nullptr, arguments);
        session.device().synchronize();
        first += tokens;
    }

    double worst =
        difference(memory.get("o", tensors.at("o").data.size(), step.dtype()), tensors.at("o").data);
    for (const auto& [name, final_name] :
         {std::pair{"state", "final_state"}, {"normalizer", "final_normalizer"}}) {
        if (!tensors.contains(final_name)) continue;
        const TensorSpec& spec = step.family->tensor(name);
        const std::vector<double> slots = memory.get(name, count(step.shape(spec)), step.dtype(spec));
        const std::vector<double>& expected = tensors.at(final_name).data;
        const std::size_t size = expected.size() / static_cast<std::size_t>(description.batch);
        for (std::int64_t b = 0; b < description.batch; ++b)
            worst = std::max(
                worst, difference(std::span(slots).subspan(
                                      static_cast<std::size_t>(slot_of(description, b)) * size, size),
                                  std::span(expected).subspan(static_cast<std::size_t>(b) * size, size)));
    }
    return worst;
}

} // namespace chela::tests
