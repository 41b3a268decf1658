#pragma once
// Where a figure comes from: what every file of results must name.

#include "runtime/device.hpp"
#include "runtime/json.hpp"

namespace chela {

/// {"commit": "5d79632…-dirty", "compiler": "g++ 12.2.0", "driver": "580.95.05", "measured":
/// "2026-11-22T10:11:12Z"}. The commit of this build (cmake/Commit.cmake), the compiler that built it,
/// NVIDIA's driver (absent where there is none).
Json provenance();
/// The same, and of the device its "device" (name) and "toolchain".
Json provenance(const Device&);

} // namespace chela
