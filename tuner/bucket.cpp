#include "tuner/bucket.hpp"

#include <algorithm>
#include <cmath>

namespace chela {

std::vector<WorkExtent> work_extents(const Family& family, const Values& extents) {
    const auto& independent = family.independent_extents();
    const auto& storage = family.storage_extents();
    std::vector<WorkExtent> work{{"independent", 1}};
    for (const Field& field : family.extents()) {
        if (std::find(storage.begin(), storage.end(), field.name) != storage.end()) continue;
        const std::int64_t size = extents[field.name];
        if (std::find(independent.begin(), independent.end(), field.name) != independent.end()) {
            work.front().size *= size;
        } else {
            work.push_back({field.name, size});
        }
    }
    return work;
}

std::int64_t bucket(std::int64_t size) {
    if (size <= 0) return 0;
    return std::int64_t{1} << std::min<long>(62, std::lround(std::log2(static_cast<double>(size))));
}

std::string problem_key(const Problem& problem) {
    std::string key = std::string(problem.family->name()) + " " + problem.traits.to_string() + " |";
    for (const WorkExtent& extent : work_extents(*problem.family, problem.extents)) {
        key += " " + extent.name + "~" + std::to_string(bucket(extent.size));
    }
    return key;
}

double distance(const Family& family, const Values& extents_a, const Values& extents_b) {
    const auto a = work_extents(family, extents_a);
    const auto b = work_extents(family, extents_b);
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += std::abs(
            std::log2((1.0 + static_cast<double>(a[i].size)) / (1.0 + static_cast<double>(b[i].size))));
    }
    return sum;
}

} // namespace chela
