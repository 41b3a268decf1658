#include "templates/short_long_conv/problem.hpp"

namespace chela {

ShortLongConv::operator Problem() const {
    const Family& family = short_long_conv_family();
    Values traits(family.traits());
    traits.set("arrangement", static_cast<int>(arrangement))
        .set("width", width)
        .set("activation", static_cast<int>(activation))
        .set("bias", bias)
        .set("skip", skip)
        .set("layout", static_cast<int>(layout))
        .set("dtype", static_cast<int>(dtype));
    if (alignment != 0) traits.set("alignment", alignment);
    Values extents(family.extents());
    extents.set("batch", batch)
        .set("length", length)
        .set("channels", channels)
        .set("kernel_length", kernel_length);
    return {&family, traits, extents};
}

} // namespace chela
