#pragma once
// What families have in common whose trait `alignment` says how many bytes every row starts at a multiple of.

#include <cstdint>
#include <string_view>

namespace chela {

/// Of rows of `bytes` one after the other: 1 to 16, 16 where a row has none.
std::int64_t natural_alignment(std::int64_t bytes);

/// Throws UserError where an alignment that was asked for (0: none was) is no power of two or smaller than an
/// element of `element_bytes`. `narrow` names what may have 2 bytes.
void check_alignment(std::int64_t asked, std::int64_t element_bytes, std::string_view narrow);

} // namespace chela
