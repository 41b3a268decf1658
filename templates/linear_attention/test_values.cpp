#include "templates/linear_attention/test_values.hpp"

#include "templates/linear_attention/family.hpp"

#include <cmath>

namespace chela {

Family::TestValue decay_test_values() {
    return [](std::int64_t index, double random) {
        return std::exp2(random / 4 - 2 - static_cast<double>((4 + 3 * index) % 7));
    };
}

Family::TestValue element_test_values(const Problem& problem, const TensorSpec& tensor,
                                      std::string_view normalizer, double scale) {
    const auto map = static_cast<FeatureMap>(problem.traits["feature_map"]);
    const bool has_sign = map == FeatureMap::identity || map == FeatureMap::silu;
    const bool of_normalizer =
        tensor.name == normalizer || (has_sign && (tensor.name == "q" || tensor.name == "k"));
    const bool positive = normalizes(problem.traits) && of_normalizer;
    return [=](std::int64_t, double random) { return scale * (positive ? std::abs(random) : random); };
}

} // namespace chela
