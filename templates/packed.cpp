#include "templates/packed.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace chela {

Family::TestValue offset_test_values(const Problem& problem) {
    // Entry i lies in the i-th of equal parts, a fifth of the time at either end of it.
    const std::int64_t parts = problem.extents["batch"] - 1, length = problem.extents["length"];
    return [=](std::int64_t index, double random) {
        if (index == 0 || index > parts) return index == 0 ? 0 : static_cast<double>(length);
        const double place = std::clamp(0.5 + random / 1.6, 0.0, 1.0);
        return std::floor((static_cast<double>(index - 1) + place) * static_cast<double>(length) /
                          static_cast<double>(parts));
    };
}

void check_offsets(const Problem& problem, const TensorSpec& tensor, std::span<const double> values) {
    const auto refuse = [&](std::size_t index, const std::string& right) {
        throw UserError(fmt::format("{}[{}] is {}; it must be {}", tensor.name, index, values[index], right));
    };
    const std::int64_t length = problem.extents["length"];
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i == 0 && values[i] != 0) refuse(i, "0");
        if (i > 0 && values[i] < values[i - 1]) refuse(i, fmt::format("at least {}", values[i - 1]));
        if (i + 1 == values.size() && values[i] != static_cast<double>(length))
            refuse(i, fmt::format("the length of all sequences, {}", length));
    }
}

} // namespace chela
