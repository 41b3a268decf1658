#pragma once
// Every family that chela knows.

#include "codegen/family.hpp"

#include <span>

namespace chela {

std::span<const Family* const> families();
/// Throws UserError naming the families there are.
const Family& family(std::string_view name);

} // namespace chela
