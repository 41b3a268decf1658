#include "codegen/family.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>

namespace chela {

Problem::Problem(const Family* of, const Values& with, const Values& sizes)
    : family(of), traits(of->canonical(with, sizes)), extents(sizes) {}

std::int64_t Problem::dim(std::string_view text) const {
    const auto [name, added] = Dimension::parse(text);
    if (name.empty()) return added;
    return (traits.has(name) ? traits[name] : extents[name]) + added;
}

std::vector<std::reference_wrapper<const TensorSpec>> Problem::tensors() const {
    std::vector<std::reference_wrapper<const TensorSpec>> present;
    for (const TensorSpec& tensor : family->tensors())
        if (tensor.exists(traits)) present.emplace_back(tensor);
    return present;
}

std::vector<std::string> Problem::dims(const TensorSpec& tensor) const {
    return family->dims(traits, tensor);
}

std::vector<std::int64_t> Problem::shape(const TensorSpec& tensor) const {
    std::vector<std::int64_t> shape;
    for (const auto& text : dims(tensor)) shape.push_back(dim(text));
    return shape;
}

std::string Problem::to_string() const {
    return fmt::format("{} {} | {}", family ? family->name() : "none", traits.to_string(),
                       extents.to_string());
}

std::string Config::to_string() const {
    return fmt::format("{} {}", algorithm ? algorithm->name() : "none", values.to_string());
}

std::span<double> data_of(HostTensors& tensors, std::string_view name) {
    const auto found = tensors.find(name);
    return found == tensors.end() ? std::span<double>() : found->second.data;
}

std::span<double> add_output(HostTensors& tensors, const Problem& problem, std::string_view name) {
    const TensorSpec& spec = problem.family->tensor(name);
    if (!spec.exists(problem.traits)) return {};
    HostTensor& output = tensors[spec.name];
    output.shape = problem.shape(spec);
    std::size_t size = 1;
    for (const auto dim : output.shape) size *= static_cast<std::size_t>(dim);
    output.data.assign(size, 0.0);
    return output.data;
}

void Family::check_extents(const Values& traits, const Values& extents) const {
    for (const Field& extent : this->extents())
        if (const auto largest = largest_extent(traits, extents, extent); extents[extent.name] > largest)
            throw UserError(fmt::format(
                "{} is {}; it must be at most {} where the extents are {} and the traits {}", extent.name,
                extents[extent.name], largest, extents.to_string(), traits.to_string()));
}

const std::vector<std::string>& Family::storage_extents() const {
    static const std::vector<std::string> none;
    return none;
}

std::int64_t Family::alignment(const Problem& problem, const TensorSpec& tensor) const {
    const std::int64_t size = size_of(problem.dtype(tensor));
    if (tensor.state || tensor.index || !problem.traits.has("alignment")) return size;
    return std::max(problem.traits["alignment"], size);
}

double Family::error_bound(const Problem& problem) const {
    switch (problem.dtype()) {
    case DType::bf16:
        return 6e-3;
    case DType::fp16:
        return 1.5e-3;
    default:
        return 1e-5;
    }
}

double Family::ideal_bytes(const Problem& problem, bool with_optional) const {
    double bytes = 0;
    for (const TensorSpec& tensor : problem.tensors()) {
        if (tensor.optional() && !with_optional) continue;
        double size = static_cast<double>(size_of(problem.dtype(tensor)));
        for (const auto extent : problem.shape(tensor)) size *= static_cast<double>(extent);
        bytes += tensor.input() && tensor.output() ? 2 * size : size;
    }
    return bytes;
}

const Algorithm& Family::algorithm(std::string_view wanted) const {
    std::string known;
    for (const auto* algorithm : algorithms()) {
        if (algorithm->name() == wanted) return *algorithm;
        known += fmt::format("{}{}", known.empty() ? "" : ", ", algorithm->name());
    }
    throw UserError(fmt::format("algorithm is '{}'; {} has {}", wanted, name(), known));
}

const TensorSpec& Family::tensor(std::string_view wanted) const {
    std::string known;
    for (const auto& tensor : tensors()) {
        if (tensor.name == wanted) return tensor;
        known += (known.empty() ? "" : ", ") + tensor.name;
    }
    throw UserError(fmt::format("there is no tensor '{}'; {} has {}", wanted, name(), known));
}

std::vector<Config> search_space(const Algorithm& algorithm, const Target& target, const Values& traits,
                                 const std::map<std::string, std::int64_t>& given) {
    std::vector<Config> space;
    if (!algorithm.rejects(target, traits).empty()) return space;
    const Schema& schema = algorithm.tunables();
    Values values(schema);
    // Depth first over the tunables, the last one fastest: the order is part of what "first" means in a tie.
    const std::function<void(std::size_t)> descend = [&](std::size_t depth) {
        if (depth == schema.size()) {
            if (algorithm.rejects(target, traits, values).empty()) space.push_back({&algorithm, values});
            return;
        }
        const Field& field = schema[depth];
        const auto found = given.find(field.name);
        const auto candidates = found != given.end()   ? std::vector{found->second}
                                : field.search.empty() ? std::vector{field.fallback}
                                                       : field.search;
        for (const auto candidate : candidates) {
            values.set(field.name, candidate);
            descend(depth + 1);
        }
    };
    descend(0);
    return space;
}

std::vector<Config> search_space(const Algorithm& algorithm, const Target& target, const Values& traits) {
    std::vector<Config> space = search_space(algorithm, target, traits, {});
    std::erase_if(space,
                  [&](const Config& config) { return algorithm.redundant(target, traits, config.values); });
    return space;
}

std::vector<Config> search_space(const Family& family, const Target& target, const Values& traits) {
    std::vector<Config> space;
    for (const auto* algorithm : family.algorithms()) {
        auto part = search_space(*algorithm, target, traits);
        space.insert(space.end(), part.begin(), part.end());
    }
    return space;
}

Config default_config(const Target& target, const Problem& problem) {
    std::string reasons;
    const Algorithm* able = nullptr;
    for (const auto* algorithm : problem.family->algorithms()) {
        const std::string reason = algorithm->rejects(target, problem.traits);
        if (reason.empty() && algorithm->suits(target, problem)) {
            able = algorithm;
            break;
        }
        if (reason.empty() && !able) able = algorithm;
        reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", algorithm->name(), reason);
    }
    if (able) return {able, able->default_config(target, problem)};
    throw UserError(
        fmt::format("nothing computes {} on {} ({})", problem.to_string(), target.to_string(), reasons));
}

} // namespace chela
