#include "templates/short_conv/problem.hpp"

namespace chela {

ShortConv::operator Problem() const {
    const Family& family = short_conv_family();
    Values traits(family.traits());
    traits.set("width", width)
        .set("causal", causal)
        .set("activation", static_cast<int>(activation))
        .set("bias", bias)
        .set("residual", static_cast<int>(residual))
        .set("state", static_cast<int>(state))
        .set("indexed", indexed)
        .set("packed", packed)
        .set("layout", static_cast<int>(layout))
        .set("dtype", static_cast<int>(dtype))
        .parse("weight_dtype", to_string(weight_dtype));
    if (alignment != 0) traits.set("alignment", alignment);
    Values extents(family.extents());
    extents.set("batch", batch).set("length", length).set("channels", channels).set("pool", pool);
    return {&family, traits, extents};
}

} // namespace chela
