#include "templates/alignment.hpp"

#include "codegen/error.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace chela {

std::int64_t natural_alignment(std::int64_t bytes) {
    constexpr std::int64_t widest = 16;
    return bytes == 0 ? widest : std::min(widest, bytes & -bytes);
}

void check_alignment(std::int64_t asked, std::int64_t element_bytes, std::string_view narrow) {
    if (asked != 0 && (!std::has_single_bit(static_cast<std::uint64_t>(asked)) || asked < element_bytes))
        throw UserError(fmt::format(
            "alignment is {}; it must be 4, 8 or 16 bytes (2 too for {}), or left out", asked, narrow));
}

} // namespace chela
