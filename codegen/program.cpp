#include "codegen/program.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace chela {

std::int64_t Count::evaluate(const Values& extents) const {
    std::int64_t value = factor;
    for (const auto& term : terms) value *= (extents[term.extent] + term.divisor - 1) / term.divisor;
    for (const Count& count : plus) value += count.evaluate(extents);
    return value;
}

std::vector<std::string> Count::extents() const {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    };
    for (const auto& term : terms) add(term.extent);
    for (const Count& count : plus) std::ranges::for_each(count.extents(), add);
    return names;
}

std::int64_t LaunchPlan::blocks_on(int multiprocessors, std::int64_t blocks) const {
    if (resident == 0) return blocks;
    const std::int64_t places = static_cast<std::int64_t>(resident) * multiprocessors / cluster * cluster;
    return std::min(blocks, places);
}

std::string Count::to_string() const {
    std::string text = factor == 1 && !terms.empty() ? "" : std::to_string(factor);
    for (const auto& term : terms) {
        if (!text.empty()) text += " * ";
        text += term.divisor == 1 ? term.extent : fmt::format("ceil({} / {})", term.extent, term.divisor);
    }
    for (const Count& count : plus) text += " + " + count.to_string();
    return text;
}

} // namespace chela
