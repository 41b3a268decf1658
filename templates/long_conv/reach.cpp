#include "templates/long_conv/reach.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace chela {

namespace {
constexpr std::int64_t least = 64, most = 1 << 22;
}

Field reach_field() {
    return Field::integer("reach", least, most, 0,
                          "most inputs that an output is made of, a power of two (default: of the extents)");
}

void set_reach(Values& traits, std::int64_t inputs) {
    const auto reach = static_cast<std::uint64_t>(traits["reach"]);
    if (reach == 0)
        traits.set("reach", std::max(least, static_cast<std::int64_t>(
                                                std::bit_ceil(static_cast<std::uint64_t>(inputs)))));
    else if (!std::has_single_bit(reach))
        throw UserError(fmt::format("reach is {}; it must be a power of two, or left out", reach));
}

} // namespace chela
