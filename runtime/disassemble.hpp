#pragma once
// SASS: the machine instructions of a cubin, as NVIDIA's own disassembler prints them.

#include "runtime/tool_search.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace chela {

/// Path of nvdisasm or cuobjdump, whichever is found first; empty where neither is.
std::string find_disassembler(const ToolSearch&);

/// Runs it over a copy of the cubin in the folder for temporary files. Throws UserError that says how to get
/// a disassembler where there is none, DeviceError with its message where it fails.
std::string disassemble(std::span<const std::byte> cubin, const ToolSearch&);

} // namespace chela
