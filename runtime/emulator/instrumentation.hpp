#pragma once
// Prepares the LLVM IR of a kernel for the emulator.

#include "runtime/module_transform.hpp"

#include <memory>
#include <string>

namespace chela::emulator {

/// What the instrumented object exports beside its entry: `Site` array, its length and the bytes of
/// __shared__ variables (both uint32).
inline constexpr const char* sites_symbol = "chela_emulator_sites";
inline constexpr const char* site_count_symbol = "chela_emulator_site_count";
inline constexpr const char* static_shared_symbol = "chela_emulator_static_shared_bytes";

/// After optimisation: the entry takes the address of the argument block; __shared__ variables move into the
/// block's shared memory; a check precedes every load and store that may touch shared or global memory; each
/// call of chela_emulator_site() becomes the number of the template line that it was inlined from.
std::shared_ptr<const ModuleTransform> make_instrumentation(std::string entry);

} // namespace chela::emulator
