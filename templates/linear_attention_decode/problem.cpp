#include "templates/linear_attention_decode/problem.hpp"

namespace chela {

LinearAttentionDecode::operator Problem() const {
    const Family& family = linear_attention_decode_family();
    Values traits(family.traits());
    traits.set("head_dim", head_dim)
        .set("dtype", static_cast<int>(dtype))
        .parse("state_dtype", to_string(state_dtype))
        .set("decay", static_cast<int>(decay))
        .set("feature_map", static_cast<int>(feature_map))
        .set("normalize", normalize)
        .set("indexed", indexed);
    if (value_dim != 0) traits.set("value_dim", value_dim);
    if (alignment != 0) traits.set("alignment", alignment);
    Values extents(family.extents());
    extents.set("batch", batch).set("tokens", tokens).set("heads", heads).set("pool", pool);
    return {&family, traits, extents};
}

} // namespace chela
