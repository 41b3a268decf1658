#include "templates/pool.hpp"

#include <algorithm>

namespace chela {

Family::TestValue slot_test_values(const Problem& problem) {
    const std::int64_t last = problem.extents["pool"] - 1;
    return [=](std::int64_t index, double random) {
        return index > last || random > 1.2 ? -1 : static_cast<double>(last - index);
    };
}

Problem with_used_states(const Problem& problem) {
    Problem used = problem;
    used.extents.set("pool", std::min(problem.extents["pool"], problem.extents["batch"]));
    return used;
}

} // namespace chela
