#include "templates/long_conv/problem.hpp"

namespace chela {

LongConv::operator Problem() const {
    const Family& family = long_conv_family();
    Values traits(family.traits());
    traits.set("bidirectional", bidirectional)
        .set("skip", skip)
        .set("state", static_cast<int>(state))
        .set("layout", static_cast<int>(layout))
        .set("dtype", static_cast<int>(dtype));
    if (alignment != 0) traits.set("alignment", alignment);
    if (reach != 0) traits.set("reach", reach);
    Values extents(family.extents());
    extents.set("batch", batch)
        .set("length", length)
        .set("channels", channels)
        .set("kernel_length", kernel_length);
    return {&family, traits, extents};
}

} // namespace chela
