#include "templates/linear_attention/problem.hpp"

namespace chela {

LinearAttention::operator Problem() const {
    const Family& family = linear_attention_family();
    Values traits(family.traits());
    traits.set("head_dim", head_dim)
        .set("causal", causal)
        .set("dtype", static_cast<int>(dtype))
        .set("math", static_cast<int>(math))
        .set("decay", static_cast<int>(decay))
        .set("feature_map", static_cast<int>(feature_map))
        .set("normalize", normalize)
        .set("packed", packed);
    if (value_dim != 0) traits.set("value_dim", value_dim);
    if (alignment != 0) traits.set("alignment", alignment);
    Values extents(family.extents());
    extents.set("batch", batch).set("length", length).set("heads", heads);
    return {&family, traits, extents};
}

} // namespace chela
