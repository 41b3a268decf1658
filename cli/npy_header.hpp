#pragma once
// The header of a .npy file as text: a literal of a Python dictionary.

#include "cli/npy.hpp"

namespace chela::cli {

/// `text` is "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" with any padding after it. Throws
/// UserError that begins with `file`. data_offset is left at 0.
NpyHeader parse_npy_header(std::string_view text, const std::string& file);

/// Magic, version, length and literal, padded so that the elements begin at a multiple of 64 bytes.
std::string npy_header_text(NpyType, std::span<const std::int64_t> shape);

} // namespace chela::cli
