#include "templates/pool.hpp"

#include <algorithm>

namespace chela {

double slot_test_value(const Problem& problem, std::int64_t index, double random) {
    const std::int64_t slot = problem.extents["pool"] - 1 - index;
    return slot < 0 || random > 1.2 ? -1 : static_cast<double>(slot);
}

Problem with_used_states(const Problem& problem) {
    Problem used = problem;
    used.extents.set("pool", std::min(problem.extents["pool"], problem.extents["batch"]));
    return used;
}

} // namespace chela
